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

// Files to replay. Texts are inputs of the parser's target, which are checked as they are.
struct Files {
  std::vector<Input> programs;
  std::vector<std::filesystem::path> texts;
  std::vector<std::string> complaints;
};

Files read_files(const std::vector<std::string>& paths) {
  Files files;
  for (const CrashFile& file : find_crash_files(paths, files.complaints)) {
    try {
      if (file.target->reads_text && file.path.extension() != ".iova")
        files.texts.push_back(file.path);
      else
        files.programs.push_back(read_input(file.path));
    } catch (const Failure& failure) {
      files.complaints.push_back(failure.what());
    }
  }
  if (files.programs.empty() && files.texts.empty() && files.complaints.empty())
    throw Failure(fmt::format("{}: holds no files", paths[0]));
  return files;
}

// The runs of one input.
struct Runs {
  std::map<std::string, unsigned> keys = {};  // with counts; "" for clean runs
  std::map<uint64_t, unsigned> traces = {};
  std::set<std::string> differences = {};
  Outcome last_finding = {};

  void add(const Outcome& outcome, const iova_variant& variant) {
    keys[outcome.key()]++;
    if (!variant.strict)
      for (const std::string& key : outcome.known_met)
        if (engine::is_difference(key)) differences.insert(key);
    if (outcome.kind == Outcome::clean)
      traces[outcome.trace_hash]++;
    else
      last_finding = outcome;
  }
  bool has_finding() const { return keys.size() > 1 || keys.begin()->first != ""; }
};

json to_json(const std::string& path, const Runs& runs, unsigned times,
             const iova_variant& variant) {
  json counts = json::object();
  for (const auto& [key, count] : runs.keys) counts[key.empty() ? "clean" : key] = count;
  json row{{"file", path},
           {"variant", variant.name},
           {"runs", times},
           {"keys", counts},
           {"known", known_ids(runs.keys, variant)},
           {"differences", runs.differences}};
  if (runs.traces.size() == 1) row["trace"] = fmt::format("{:016x}", runs.traces.begin()->first);
  return row;
}

void print(const std::string& path, const Runs& runs, const Arguments& arguments,
           const iova_variant& variant) {
  for (const auto& [key, count] : runs.keys)
    fmt::print("{}: {}{} ({}/{} runs)\n", path, key.empty() ? "clean" : key,
               known_note(key, variant), count, arguments.times);
  for (const std::string& key : runs.differences)
    fmt::print("{}: difference, breaks no promise: {}\n", path, key);
  if (runs.traces.size() > 1) fmt::print("{}: {} different traces\n", path, runs.traces.size());
  if (!runs.has_finding() || arguments.quiet) return;
  if (runs.last_finding.report) fmt::print("{}", report_text(*runs.last_finding.report));
  if (!runs.last_finding.log.empty()) fmt::print("{}\n", runs.last_finding.log);
}

int replay(const Arguments& arguments) {
  const iova_variant& variant = arguments.choice.variant();
  const Files files = read_files(arguments.files);
  std::vector<Job> jobs;
  for (const Input& input : files.programs)
    for (unsigned i = 0; i < arguments.times; i++) jobs.push_back({&input.program, {}});

  bool any = false;
  json results = json::array();
  Runs runs;
  IsolateOptions options{.timeout_ms = static_cast<int>(arguments.timeout.count()),
                         .known = arguments.past.expand(variant)};
  run_isolated(variant, jobs, options, [&](size_t index, const Outcome& outcome) {
    if (index % arguments.times == 0) runs = {};
    runs.add(outcome, variant);
    if (index % arguments.times + 1 != arguments.times) return;
    any |= runs.has_finding() || runs.traces.size() > 1;
    const std::string path = files.programs[index / arguments.times].path.string();
    if (arguments.json)
      results.push_back(to_json(path, runs, arguments.times, variant));
    else
      print(path, runs, arguments, variant);
  });
  for (const std::filesystem::path& path : files.texts) {
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
  for (const std::string& complaint : files.complaints)
    fmt::print(stderr, "iovafuzz: {}\n", complaint);
  if (!files.complaints.empty()) return could_not;
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
