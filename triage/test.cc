// SPDX-License-Identifier: GPL-2.0-only
// test: the whole test suite, under sanitizers and without.
#include <fmt/format.h>

#include <fstream>

#include "triage/build.h"
#include "triage/commands.h"
#include "triage/coverage.h"

namespace triage {
namespace {

struct Arguments {
  bool coverage = false, sanitized_only = false;
  std::string only;
};

// Returns the tests that failed, a line each.
std::string run_ctest(const std::filesystem::path& folder, const std::string& only) {
  std::vector<std::string> words{"ctest", "--test-dir", folder.string(), "--output-on-failure",
                                 "--no-tests=error", "--parallel", "2"};
  if (!only.empty()) words.insert(words.end(), {"--tests-regex", only});
  // CTest's own list of those that failed: number, colon, name. It leaves an old one in place.
  std::filesystem::path path = folder / "Testing/Temporary/LastTestsFailed.log";
  std::filesystem::remove(path);
  if (run_command(words, true).status == 0) return "";
  std::ifstream list(path);
  std::string failed, build = folder.filename().string();
  for (std::string line; std::getline(list, line);)
    failed += fmt::format("  {}: {}\n", build, line.substr(line.find(':') + 1));
  return failed.empty() ? fmt::format("  {}: no test ran\n", build) : failed;
}

int test(const Arguments& arguments) {
  if (arguments.coverage) return report_seed_coverage() | report_seed_coverage("debian:6.12");
  fmt::print("building the tests, with sanitizers ...\n");
  build({"all"});
  std::string failed = run_ctest(build_folder(), arguments.only);
  if (!arguments.sanitized_only) {
    // The shim's own poison, and the other compiler.
    fmt::print("building the tests, without sanitizers, with g++ ...\n");
    std::filesystem::path plain = build_preset("plain", "gcc", "g++", "all");
    failed += run_ctest(plain, arguments.only);
  }
  // The first of thousands of lines would be lost in many a log.
  if (!failed.empty()) fmt::print("\nfailed:\n{}", failed);
  return failed.empty() ? nothing_new : findings;
}

}  // namespace

void add_test(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("test", "The whole test suite");
  command->add_option("--only", arguments->only, "tests whose names match a regular expression");
  command->add_flag("--sanitized-only", arguments->sanitized_only,
                    "leave out the build without sanitizers");
  command->add_flag("--coverage", arguments->coverage,
                    "instead: lines and branches of the port and of Linux 6.12 that seeds reach");
  command->callback([arguments, &action] { action = [arguments] { return test(*arguments); }; });
}

}  // namespace triage
