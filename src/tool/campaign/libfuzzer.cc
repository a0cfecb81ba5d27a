// SPDX-License-Identifier: GPL-2.0-only
// libFuzzer: the target binary is the fuzzer.
#include <cstdlib>
#include <cstring>

#include "tool/campaign/fuzzer.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

// The number after a label in a status line, or -1.
int64_t number_after(const std::string& line, const char* label) {
  size_t at = line.find(label);
  if (at == std::string::npos) return -1;
  return strtoll(line.c_str() + at + strlen(label), nullptr, 10);
}

}  // namespace

void LibFuzzer::take_line(const std::string& line) {
  // "#123 INITED cov: 45 ...", or what it says instead where there is nothing to start with.
  has_begun_ |= line.find("\tINITED ") != std::string::npos;
  int64_t executed = number_after(line, "stat::number_of_executed_units:");
  if (executed >= 0) statistics_.executions = static_cast<uint64_t>(executed);
  int64_t coverage = number_after(line, " cov: "), corpus = number_after(line, " corp: ");
  if (line.empty() || line[0] != '#' || coverage < 0) return;
  statistics_.executions = strtoull(line.c_str() + 1, nullptr, 10);
  statistics_.coverage = static_cast<uint64_t>(coverage);
  if (corpus >= 0) statistics_.corpus = static_cast<uint64_t>(corpus);
}

std::unique_ptr<FuzzerProcess> start_libfuzzer(const FuzzerTask& task) {
  std::string target = task.target->name;
  std::vector<std::string> command{(task.bin / target).string(),
                                   "-seed=" + std::to_string(task.seed),
                                   "-max_len=" + std::to_string(task.target->max_len),
                                   "-artifact_prefix=" + task.crashes.string() + "/",
                                   "-dict=" + (task.bin / (target + ".dict")).string(),
                                   "-timeout=" + std::to_string(task.input_timeout),
                                   "-rss_limit_mb=" + std::to_string(task.memory),
                                   "-reload=1",
                                   "-print_final_stats=1",
                                   task.corpus.string()};
  if (!task.seeds.empty()) command.push_back(task.seeds.string());
  command.insert(command.end(), task.engine_options.begin(), task.engine_options.end());
  std::vector<std::string> environment = task.environment;
  environment.push_back("IOVAFUZZ_KEEP=" + task.crashes.string());
  if (task.stock_mutators) environment.push_back("IOVAFUZZ_MUTATORS=stock");
  return std::make_unique<LibFuzzer>(command, environment, task.log);
}

}  // namespace tool
