// SPDX-License-Identifier: GPL-2.0-only
// preflight: makes a build as OSS-Fuzz does, without its images, and runs all of its checks.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "fuzz/targets.h"
#include "tool/support/build.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/json.h"
#include "tool/variants/kernel_tree.h"
#include "triage/preflight/checks.h"
#include "triage/preflight/crash_checks.h"
#include "triage/preflight/farm_build.h"
#include "triage/preflight/oss_fuzz.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

struct Arguments {
  std::vector<std::string> engines{"libfuzzer"}, sanitizers{"address", "undefined"};
  std::string out, kernel, oss_fuzz, clusterfuzz;
  bool json = false;
};

std::vector<std::string> expected_targets(bool with_kernel) {
  std::vector<std::string> names;
  for (const fuzz::Target* target : fuzz::targets) {
    if (!target->compares) names.push_back(target->name);
    if (with_kernel && !target->reads_text) names.push_back(std::string(target->name) + "_kernel");
  }
  return names;
}

json as_json(const std::vector<Check>& checks) {
  json rows = json::array();
  for (const Check& check : checks) {
    json row{{"check", check.name}, {"target", check.target}, {"ok", check.ok}};
    if (check.figure) row.update({{"figure", *check.figure}, {"limit", check.limit}});
    if (!check.ok) row["why"] = check.why;
    rows.push_back(row);
  }
  return rows;
}

// Prints figures as a table: a row per target, a column per check.
void print_figures(const std::vector<Check>& checks) {
  std::vector<std::string> names, targets;
  size_t width = 6;
  for (const Check& check : checks) {
    if (check.target.empty() || !check.figure) continue;
    if (std::find(names.begin(), names.end(), check.name) == names.end())
      names.push_back(check.name);
    if (std::find(targets.begin(), targets.end(), check.target) == targets.end())
      targets.push_back(check.target);
    width = std::max(width, check.target.size());
  }
  if (names.empty()) return;
  using Cell = std::function<std::string(const std::string& name)>;
  auto print_row = [&](const std::string& title, const Cell& cell) {
    fmt::print("  {:<{}}", title, width);
    for (const std::string& name : names) fmt::print("  {:>11}", cell(name));
    fmt::print("\n");
  };
  print_row("", [](const std::string& name) { return name; });
  print_row("limit", [&](const std::string& name) {
    return std::find_if(checks.begin(), checks.end(),
                        [&](const Check& check) { return check.name == name; })
        ->limit;
  });
  for (const std::string& target : targets)
    print_row(target, [&](const std::string& name) {
      for (const Check& check : checks)
        if (check.target == target && check.name == name && check.figure)
          return fmt::format("{}{}", *check.figure, check.ok ? "" : "!");
      return std::string("-");
    });
}

void print_checks(const std::string& title, const std::vector<Check>& checks) {
  fmt::print("{}\n", title);
  print_figures(checks);
  size_t hold = 0;
  for (const Check& check : checks) {
    hold += check.ok;
    if (check.ok) continue;
    std::string what = check.name;
    if (!check.target.empty()) what += " of " + check.target;
    if (check.figure) what += fmt::format(", {} ({})", *check.figure, check.limit);
    fmt::print("  FAILED {}: {}\n", what, check.why);
  }
  fmt::print("  {} of {} checks passed\n\n", hold, checks.size());
  fflush(stdout);
}

// Prints the number of crashes, and defects that share a key and cannot be distinguished.
void print_crashes(const std::vector<CrashOfBuild>& crashes) {
  std::map<std::string, std::set<std::string>> shown_by;  // key -> defects and issues that show it
  std::set<std::string> keys, cases, sanitizers;
  for (const CrashOfBuild& crash : crashes) {
    keys.insert(crash.crash.key);
    cases.insert(crash.crash.of);
    sanitizers.insert(crash.sanitizer);
    if (crash.crash.input == 0) shown_by[crash.crash.key].insert(crash.crash.of);
  }
  fmt::print("  {} crashes of {} defects and issues, builds: {}; {} keys\n", crashes.size(),
             cases.size(), fmt::join(sanitizers, ", "), keys.size());
  for (const auto& [key, of] : shown_by)
    if (of.size() > 1) fmt::print("  same key: {}: {}\n", key, fmt::join(of, ", "));
}

int preflight(const Arguments& arguments) {
  fs::path out =
      fs::absolute(arguments.out.empty() ? builds_folder() / "preflight" : fs::path(arguments.out));
  std::optional<OssFuzz> oss_fuzz;
  std::optional<ClusterFuzz> clusterfuzz;
  if (!arguments.oss_fuzz.empty()) oss_fuzz.emplace(arguments.oss_fuzz);
  if (!arguments.clusterfuzz.empty()) clusterfuzz.emplace(arguments.clusterfuzz);
  for (const std::string& engine : arguments.engines)
    if (engine != "libfuzzer" && !oss_fuzz)
      throw Failure(
          fmt::format("only OSS-Fuzz's own scripts check builds for {}: give --oss-fuzz", engine));
  make_folder(out);
  FileLock lock(out / "lock",
                fmt::format("waiting for another preflight that uses {}", out.string()));
  std::string kernel;
  if (!arguments.kernel.empty()) {
    const KernelTree tree = find_kernel_tree(arguments.kernel);
    if (std::string words = tree.build.words(); !words.empty())
      throw Failure(fmt::format("{}: farm builds take no build options: leave out {}",
                                arguments.kernel, words));
    kernel = tree.folder.string();
  }
  std::vector<std::string> targets = expected_targets(!kernel.empty());
  bool ok = true;
  json result;
  auto tell = [&](const std::string& name, const std::string& title,
                  const std::vector<Check>& checks) {
    for (const Check& check : checks) ok = ok && check.ok;
    if (arguments.json)
      result[name] = as_json(checks);
    else
      print_checks(title, checks);
  };
  std::vector<CrashOfBuild> crashes;
  auto judge = [&](const std::string& engine, const std::string& sanitizer) {
    fmt::print(stderr, "iovafuzz: building all targets for {}, sanitizer: {} ...\n", engine,
               sanitizer);
    FarmBuild build = build_as_there(engine, sanitizer, out, kernel);
    bool is_libfuzzer = engine == "libfuzzer";
    std::string name = is_libfuzzer ? sanitizer : engine;
    if (is_libfuzzer)
      tell(name, "sanitizer " + sanitizer,
           inspect(build.out(), {.sanitizer = sanitizer, .targets = targets}));
    if (oss_fuzz)
      tell("oss-fuzz " + name, fmt::format("OSS-Fuzz's own scripts, {} {}", engine, sanitizer),
           oss_fuzz->check(build, targets));
    if (!clusterfuzz || !is_libfuzzer || sanitizer == "coverage") return;
    fmt::print(stderr, "iovafuzz: building a target for each planted defect, sanitizer: {} ...\n",
               sanitizer);
    for (Crash& crash : crash_everything(build)) crashes.push_back({sanitizer, std::move(crash)});
  };
  for (const std::string& engine : arguments.engines) {
    // OSS-Fuzz offers only AddressSanitizer for other engines.
    const std::vector<std::string> address{"address"};
    for (const std::string& sanitizer : engine == "libfuzzer" ? arguments.sanitizers : address)
      judge(engine, sanitizer);
  }
  if (!crashes.empty()) {
    tell("clusterfuzz", "ClusterFuzz's own parser and comparer",
         check_crashes(*clusterfuzz, crashes));
    if (!arguments.json) print_crashes(crashes);
  }
  if (arguments.json)
    fmt::print("{}", to_text(result));
  else if (!oss_fuzz || !clusterfuzz)
    fmt::print("not run: {}\n", oss_fuzz      ? "ClusterFuzz's own parser (--clusterfuzz)"
                                : clusterfuzz ? "OSS-Fuzz's own scripts (--oss-fuzz)"
                                              : "OSS-Fuzz's own scripts (--oss-fuzz), "
                                                "ClusterFuzz's own parser (--clusterfuzz)");
  return ok ? nothing_new : findings;
}

}  // namespace

}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("preflight", "runs OSS-Fuzz's build checks plus our own");
  line.option("--sanitizer SANITIZER,...", arguments.sanitizers, "sanitizers to build with")
      .one_of({"address", "undefined", "memory", "coverage", "none"})
      .delimited_by(',');
  line.option(
          "--engine ENGINE,...", arguments.engines,
          "engines to build for; afl and honggfuzz need --oss-fuzz, and honggfuzz a built checkout that IOVAFUZZ_HONGGFUZZ names")
      .one_of({"libfuzzer", "afl", "honggfuzz"})
      .delimited_by(',');
  line.option("--oss-fuzz CLONE", arguments.oss_fuzz,
              "clone of google/oss-fuzz, to run its scripts on the builds");
  line.option("--clusterfuzz CLONE", arguments.clusterfuzz,
              "clone of google/clusterfuzz, to run its crash parser and comparer");
  line.option("--out DIR", arguments.out, "folder for the builds (default: .build/preflight)");
  line.option("--kernel TREE", arguments.kernel, "kernel tree whose targets are checked as well");
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz preflight --sanitizer address", "checks one build");
  line.example("iovafuzz preflight --oss-fuzz ../oss-fuzz --clusterfuzz ../clusterfuzz",
               "runs the farm's own scripts and crash parser as well");
  return line.run(argc, argv, [&] { return preflight(arguments); });
}
