// SPDX-License-Identifier: GPL-2.0-only
// replay: inputs on a variant, each several times, with what was found.
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "triage/commands.h"
#include "triage/crash_files.h"
#include "triage/input.h"
#include "triage/isolate.h"
#include "triage/known.h"
#include "triage/report_json.h"
#include "triage/variants.h"

namespace triage {
namespace {

struct Arguments {
  std::vector<std::string> files;
  VariantChoice choice;
  PastOption past;
  unsigned times = 1;
  double timeout = 25;
  bool quiet = false;
  bool json = false;
};

int replay(const Arguments& arguments) {
  const iova_variant& variant = arguments.choice.variant();
  std::vector<std::string> complaints;
  std::vector<Input> inputs;
  for (const CrashFile& file : find_crash_files(arguments.files, complaints)) {
    try {
      inputs.push_back(read_input(file.path));
    } catch (const Failure& failure) {
      complaints.push_back(failure.what());
    }
  }
  if (inputs.empty() && complaints.empty())
    throw Failure(fmt::format("{}: holds no files", arguments.files[0]));
  std::vector<Job> jobs;
  for (const Input& input : inputs)
    for (unsigned i = 0; i < arguments.times; i++) jobs.push_back({&input.program, {}});

  bool any = false;
  nlohmann::json results = nlohmann::json::array();
  std::map<std::string, unsigned> keys;  // of the input at hand, with how often
  std::map<uint64_t, unsigned> traces;
  Outcome last_finding;
  IsolateOptions options{.timeout_ms = static_cast<int>(arguments.timeout * 1000),
                         .known = arguments.past.expand(variant)};
  run_isolated(variant, jobs, options, [&](size_t index, const Outcome& outcome) {
    if (index % arguments.times == 0) {
      keys.clear();
      traces.clear();
      last_finding = {};
    }
    keys[outcome.key()]++;
    if (outcome.kind == Outcome::clean) traces[outcome.trace_hash]++;
    if (outcome.kind != Outcome::clean) last_finding = outcome;
    if (index % arguments.times + 1 != arguments.times) return;
    const std::string path = inputs[index / arguments.times].path.string();
    bool found = keys.size() > 1 || keys.begin()->first != "";
    any |= found || traces.size() > 1;
    if (arguments.json) {
      nlohmann::json counts = nlohmann::json::object();
      for (const auto& [key, count] : keys) counts[key.empty() ? "clean" : key] = count;
      nlohmann::json row{{"file", path}, {"variant", variant.name}, {"runs", arguments.times},
                         {"keys", counts}, {"known", known_ids(keys, variant)}};
      if (traces.size() == 1) row["trace"] = fmt::format("{:016x}", traces.begin()->first);
      results.push_back(row);
      return;
    }
    for (const auto& [key, count] : keys)
      fmt::print("{}: {}{} ({}/{} runs)\n", path, key.empty() ? "clean" : key,
                 known_note(key, variant), count, arguments.times);
    if (traces.size() > 1) fmt::print("{}: {} different traces\n", path, traces.size());
    if (found && !arguments.quiet) {
      if (last_finding.report) fmt::print("{}", engine::format(*last_finding.report));
      if (!last_finding.log.empty()) fmt::print("{}\n", last_finding.log);
    }
  });
  if (arguments.json) fmt::print("{}", to_text(results));
  for (const std::string& complaint : complaints) fmt::print(stderr, "iovafuzz: {}\n", complaint);
  if (!complaints.empty()) return could_not;
  return any ? findings : nothing_new;
}

}  // namespace

void add_replay(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("replay", "Runs inputs on a variant and tells findings");
  command->add_option("FILE", arguments->files, "inputs, or folders of them")->required();
  arguments->choice.add_options(*command);
  arguments->past.add_to(*command);
  command->add_option("--times", arguments->times, "runs of each input")
      ->check(CLI::Range(1u, 1000000u));
  command->add_option("--timeout", arguments->timeout, "seconds for one run")
      ->check(CLI::Range(0.1, 1e6));
  command->add_flag("--quiet", arguments->quiet, "a line for each input, no reports");
  command->add_flag("--json", arguments->json, "for programs");
  command->callback([arguments, &action] { action = [arguments] { return replay(*arguments); }; });
}

}  // namespace triage
