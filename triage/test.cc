// SPDX-License-Identifier: GPL-2.0-only
// test: runs the whole test suite, with and without sanitizers.
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <optional>

#include "tool/coverage/coverage.h"
#include "tool/support/build.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/process.h"
#include "tool/support/words.h"

namespace tool {
namespace {

struct Arguments {
  bool coverage = false, sanitized_only = false, is_long = false;
  std::string only;
};

// Returns the failed tests, a line each. but: regular expression of tests to skip.
std::string run_ctest(const std::filesystem::path& folder, const std::string& only,
                      const std::string& but = "") {
  std::vector<std::string> words{
      "ctest",      "--test-dir", folder.string(), "--output-on-failure", "--no-tests=error",
      "--parallel", "2"};
  if (!only.empty()) words.insert(words.end(), {"--tests-regex", only});
  if (!but.empty()) words.insert(words.end(), {"--exclude-regex", but});
  // CTest lists failed tests as "number:name" and does not remove an old list.
  std::filesystem::path path = folder / "Testing/Temporary/LastTestsFailed.log";
  std::filesystem::remove(path);
  if (run_command(words, true).status == 0) return "";
  std::ifstream list(path);
  std::string failed, build = folder.filename().string();
  for (std::string line; std::getline(list, line);)
    failed += fmt::format("  {}: {}\n", build, line.substr(line.find(':') + 1));
  return failed.empty() ? fmt::format("  {}: no test ran\n", build) : failed;
}

// Compiler warnings in the folder's build log, a line each.
std::string warnings(const std::filesystem::path& folder) {
  std::string found;
  for (const std::string& line : lines_of(read_file(folder / "build.log")))
    if (line.find(" warning: ") != std::string::npos)
      found += fmt::format("  {}: {}\n", folder.filename().string(), line);
  return found;
}

// Builds the tests without sanitizers, with g++, while other tests run and leave CPUs idle.
class BuildBeside {
 public:
  // Commands behave the same under every compiler, so without --long they are only compiled.
  explicit BuildBeside(bool with_commands) : target_(with_commands ? "tests" : "core-tests") {
    child_ = run_child([&] {
      make_folder(progress_.parent_path());
      int said = open(progress_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
      if (said >= 0) dup2(said, STDERR_FILENO);
      setpriority(PRIO_PROCESS, 0, 19);
      build_plain();
      return 0;
    });
  }
  // Waits for the build and returns its folder. Throws Failure.
  std::filesystem::path folder() {
    int status = 1;
    std::ifstream progress(progress_);
    progress.seekg(0, std::ios::end);
    while (waitpid(child_, &status, WNOHANG) == 0) {
      usleep(300'000);
      for (std::string line; std::getline(progress, line);) fmt::print(stderr, "{}\n", line);
      progress.clear();
    }
    // Runs a failed build again in this process, which prints the errors.
    return status == 0 ? progress_.parent_path() : build_plain();
  }

 private:
  std::filesystem::path build_plain() { return build_preset("plain", "gcc", "g++", {target_}); }

  const std::filesystem::path progress_ = builds_folder() / "plain/progress.log";
  const char* target_;
  pid_t child_;
};

// Prints lines and branches that no seed reaches and unreached.inc does not explain. Returns the
// exit status.
int check_coverage(const std::string& kernel) {
  Subject subject = measure({.kernel = kernel});
  std::vector<Excuse> rows;
  for (const Excuse& excuse : excuses())
    if (subject.of == excuse.of) rows.push_back(excuse);
  Judgement judgement = judge(subject.reached, rows, subject.of == "kernel");
  for (const Gap& gap : judgement.unexplained) fmt::print("{}", describe(gap));
  for (const Excuse& excuse : judgement.stale)
    fmt::print("src/tool/coverage/unreached.inc: row is outdated: in {}(): {}\n", excuse.function,
               excuse.text);
  const Share& all = subject.reached.all;
  fmt::print("seeds reach {} of {} lines and {} of {} branches of {}; {} gaps are explained\n",
             all.lines_reached, all.lines, all.branches_reached, all.branches, subject.what,
             judgement.explained);
  fflush(stdout);
  return judgement.unexplained.empty() && judgement.stale.empty() ? nothing_new : findings;
}

int test(const Arguments& arguments) {
  if (arguments.is_long) setenv("IOVAFUZZ_LONG", "1", 1);
  if (arguments.coverage) return check_coverage("") | check_coverage("debian:6.12");
  fmt::print("building the tests, with sanitizers ...\n");
  build({"tests"});
  std::string warned = warnings(build_folder());
  // The plain build covers the shim's own poisoning, and another compiler.
  std::optional<BuildBeside> plain;
  if (!arguments.sanitized_only) plain.emplace(arguments.is_long);
  // Slow suites have names that end in Long.
  const std::string too_long = arguments.is_long ? "" : "Long$";
  std::string failed = run_ctest(build_folder(), arguments.only, too_long);
  if (plain) {
    fmt::print("building the tests, without sanitizers, with g++ ...\n");
    fflush(stdout);
    std::filesystem::path folder = plain->folder();
    warned += warnings(folder);
    failed +=
        run_ctest(folder, arguments.only, arguments.is_long ? "" : "Long$|^(commands|tool)_test");
  }
  // Warnings of a future compiler must not fail a user's tests; .ci/run checks that there are none.
  if (!warned.empty()) fmt::print("\nwarned:\n{}", warned);
  write_file(builds_folder() / "warnings.log", warned);
  // Repeats the failed tests at the end, since the log is long.
  if (!failed.empty()) fmt::print("\nfailed:\n{}", failed);
  return failed.empty() ? nothing_new : findings;
}

}  // namespace

}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("test", "builds and runs the test suite");
  line.option("--only REGEX", arguments.only, "run only the suites whose names match");
  line.flag("--sanitized-only", arguments.sanitized_only, "skip the build without sanitizers");
  line.flag("--long", arguments.is_long, "run the long tests as well");
  line.flag("--coverage", arguments.coverage,
            "check instead that the seeds cover the port and Linux 6.12's own code");
  line.example("iovafuzz test --only Seed", "runs the tests of the seeds");
  return line.run(argc, argv, [&] { return test(arguments); });
}
