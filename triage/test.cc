// SPDX-License-Identifier: GPL-2.0-only
// test: the whole test suite, under sanitizers and without.
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

// Returns the tests that failed, a line each. but: those whose names match are left out.
std::string run_ctest(const std::filesystem::path& folder, const std::string& only,
                      const std::string& but = "") {
  std::vector<std::string> words{
      "ctest",      "--test-dir", folder.string(), "--output-on-failure", "--no-tests=error",
      "--parallel", "2"};
  if (!only.empty()) words.insert(words.end(), {"--tests-regex", only});
  if (!but.empty()) words.insert(words.end(), {"--exclude-regex", but});
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

// What the compiler warned of when it built the folder, a line each.
std::string warnings(const std::filesystem::path& folder) {
  std::string found;
  for (const std::string& line : lines_of(read_file(folder / "build.log")))
    if (line.find(" warning: ") != std::string::npos)
      found += fmt::format("  {}: {}\n", folder.filename().string(), line);
  return found;
}

// The tests without sanitizers, with g++, built while others run: those wait for much, and leave
// processors idle.
class BuildBeside {
 public:
  // What commands do hangs on no compiler: that they compile is enough.
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
  // When it is built. Throws Failure.
  std::filesystem::path folder() {
    int status = 1;
    std::ifstream progress(progress_);
    progress.seekg(0, std::ios::end);
    while (waitpid(child_, &status, WNOHANG) == 0) {
      usleep(300'000);
      for (std::string line; std::getline(progress, line);) fmt::print(stderr, "{}\n", line);
      progress.clear();
    }
    // What went wrong is told by a build that may speak.
    return status == 0 ? progress_.parent_path() : build_plain();
  }

 private:
  std::filesystem::path build_plain() { return build_preset("plain", "gcc", "g++", {target_}); }

  const std::filesystem::path progress_ = builds_folder() / "plain/progress.log";
  const char* target_;
  pid_t child_;
};

// Prints what no seed reaches and unreached.inc has no reason for. Returns the exit status.
int check_coverage(const std::string& kernel) {
  Subject subject = measure({.kernel = kernel});
  std::vector<Excuse> rows;
  for (const Excuse& excuse : excuses())
    if (subject.of == excuse.of) rows.push_back(excuse);
  Judgement judgement = judge(subject.reached, rows, subject.of == "kernel");
  for (const Gap& gap : judgement.unexplained) fmt::print("{}", describe(gap));
  for (const Excuse& excuse : judgement.stale)
    fmt::print("src/tool/coverage/unreached.inc: does not hold: in {}(): {}\n", excuse.function,
               excuse.text);
  const Share& all = subject.reached.all;
  fmt::print("seeds reach {} of {} lines and {} of {} branches of {}; {} gaps have a reason\n",
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
  // The shim's own poison, and the other compiler.
  std::optional<BuildBeside> plain;
  if (!arguments.sanitized_only) plain.emplace(arguments.is_long);
  // Suites that take long say so by their names.
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
  // A compiler of tomorrow may warn its users; a commit may not (.ci/run).
  if (!warned.empty()) fmt::print("\nwarned:\n{}", warned);
  write_file(builds_folder() / "warnings.log", warned);
  // The first of thousands of lines would be lost in many a log.
  if (!failed.empty()) fmt::print("\nfailed:\n{}", failed);
  return failed.empty() ? nothing_new : findings;
}

}  // namespace

}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("test", "builds and runs the test suite");
  line.option("--only", arguments.only, "a regular expression: run the suites whose names match");
  line.flag("--sanitized-only", arguments.sanitized_only, "leave out the build without sanitizers");
  line.flag("--long", arguments.is_long, "all that takes longer than a commit can wait for");
  line.flag("--coverage", arguments.coverage,
            "instead: require that the seeds cover the port and Linux 6.12's own code");
  line.example("iovafuzz test --only Seed", "runs the tests of the seeds");
  return line.run(argc, argv, [&] { return test(arguments); });
}
