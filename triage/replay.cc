// SPDX-License-Identifier: GPL-2.0-only
// replay: runs inputs on a variant, each several times, and counts the findings.
#include <fmt/core.h>

#include <map>
#include <set>

#include "engine/oracles.h"
#include "tool/findings/crash_files.h"
#include "tool/replay/input.h"
#include "tool/replay/isolate.h"
#include "tool/replay/known.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/json.h"
#include "tool/support/report_text.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

struct Arguments {
  std::vector<std::string> files;
  VariantChoice choice;
  PastOption past;
  unsigned times = 1;
  std::chrono::milliseconds timeout{25'000};
  bool quiet = false;
  bool json = false;
};

int replay(const Arguments& arguments) {
  const iova_variant& variant = arguments.choice.variant();
  std::vector<std::string> complaints;
  std::vector<Input> inputs;
  std::vector<std::filesystem::path> texts;
  for (const CrashFile& file : find_crash_files(arguments.files, complaints)) {
    try {
      if (file.target->reads_text && file.path.extension() != ".iova") {
        texts.push_back(file.path);
        continue;
      }
      inputs.push_back(read_input(file.path));
    } catch (const Failure& failure) {
      complaints.push_back(failure.what());
    }
  }
  if (inputs.empty() && texts.empty() && complaints.empty())
    throw Failure(fmt::format("{}: holds no files", arguments.files[0]));
  std::vector<Job> jobs;
  for (const Input& input : inputs)
    for (unsigned i = 0; i < arguments.times; i++) jobs.push_back({&input.program, {}});

  bool any = false;
  json results = json::array();
  std::map<std::string, unsigned> keys;  // findings of the current input, with counts
  std::map<uint64_t, unsigned> traces;
  std::set<std::string> differences;
  Outcome last_finding;
  IsolateOptions options{.timeout_ms = static_cast<int>(arguments.timeout.count()),
                         .known = arguments.past.expand(variant)};
  run_isolated(variant, jobs, options, [&](size_t index, const Outcome& outcome) {
    if (index % arguments.times == 0) {
      keys.clear();
      traces.clear();
      differences.clear();
      last_finding = {};
    }
    keys[outcome.key()]++;
    if (!variant.strict)
      for (const std::string& key : outcome.known_met)
        if (engine::is_difference(key)) differences.insert(key);
    if (outcome.kind == Outcome::clean) traces[outcome.trace_hash]++;
    if (outcome.kind != Outcome::clean) last_finding = outcome;
    if (index % arguments.times + 1 != arguments.times) return;
    const std::string path = inputs[index / arguments.times].path.string();
    bool found = keys.size() > 1 || keys.begin()->first != "";
    any |= found || traces.size() > 1;
    if (arguments.json) {
      json counts = json::object();
      for (const auto& [key, count] : keys) counts[key.empty() ? "clean" : key] = count;
      json row{{"file", path},   {"variant", variant.name},           {"runs", arguments.times},
               {"keys", counts}, {"known", known_ids(keys, variant)}, {"differences", differences}};
      if (traces.size() == 1) row["trace"] = fmt::format("{:016x}", traces.begin()->first);
      results.push_back(row);
      return;
    }
    for (const auto& [key, count] : keys)
      fmt::print("{}: {}{} ({}/{} runs)\n", path, key.empty() ? "clean" : key,
                 known_note(key, variant), count, arguments.times);
    for (const std::string& key : differences)
      fmt::print("{}: difference, breaks no promise: {}\n", path, key);
    if (traces.size() > 1) fmt::print("{}: {} different traces\n", path, traces.size());
    if (found && !arguments.quiet) {
      if (last_finding.report) fmt::print("{}", report_text(*last_finding.report));
      if (!last_finding.log.empty()) fmt::print("{}\n", last_finding.log);
    }
  });
  for (const std::filesystem::path& path : texts) {
    Outcome outcome = check_text_isolated(read_file(path), options.known);
    const std::string key = outcome.kind == Outcome::clean ? "clean" : outcome.key();
    any |= outcome.kind != Outcome::clean;
    results.push_back(
        {{"file", path.string()}, {"variant", "text"}, {"runs", 1}, {"keys", {{key, 1}}}});
    if (arguments.json) continue;
    fmt::print("{}: checked as text: {}\n", path.string(), key);
    if (outcome.report && !arguments.quiet) fmt::print("{}", report_text(*outcome.report));
  }
  if (arguments.json) fmt::print("{}", to_text(results));
  for (const std::string& complaint : complaints) fmt::print(stderr, "iovafuzz: {}\n", complaint);
  if (!complaints.empty()) return could_not;
  return any ? findings : nothing_new;
}

}  // namespace

}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("replay", "runs inputs and reports their findings");
  line.option("FILE", arguments.files, "input, or folder of inputs").required();
  arguments.choice.add_options(line);
  arguments.past.add_to(line);
  line.option("--times", arguments.times, "number of runs per input").range(1, 1000000);
  line.option("--timeout", arguments.timeout, "time limit of one run").range(0.1, 1e6);
  line.flag("--quiet", arguments.quiet, "print one line per input instead of reports");
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz replay --kernel debian:6.12 crash-1234",
               "runs the input on Linux 6.12's own code");
  return line.run(argc, argv, [&] { return replay(arguments); });
}
