// SPDX-License-Identifier: GPL-2.0-only
#include "triage/preflight/oss_fuzz.h"

#include <fmt/core.h>

#include <cstdlib>
#include <regex>
#include <sstream>

#include "tool/support/build.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/json.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

// Variables set by ENV lines of a Dockerfile.
std::map<std::string, std::string> environment_in(const std::string& dockerfile) {
  std::map<std::string, std::string> set;
  static const std::regex line("ENV ([A-Z_]+)=\"([^\"]*)\"");
  std::istringstream lines(dockerfile);
  std::smatch match;
  for (std::string text; std::getline(lines, text);)
    if (std::regex_match(text, match, line)) set[match[1]] = match[2];
  return set;
}

// A copy of the build's files, since the scripts move them, plus the files that scripts expect.
class Judged {
 public:
  explicit Judged(const FarmBuild& build) : folder_(build.folder / "judged") {
    fs::remove_all(folder_);
    make_folder(tools());
    fs::copy(build.out(), out(), fs::copy_options::recursive | fs::copy_options::create_hard_links);
  }
  ~Judged() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  Judged(const Judged&) = delete;
  Judged& operator=(const Judged&) = delete;
  fs::path out() const { return folder_ / "out"; }
  fs::path tools() const { return folder_ / "tools"; }
  fs::path seeds() const { return folder_ / "seeds"; }
  fs::path report() const { return folder_ / "report"; }

  // Replaces a program that the scripts call.
  void stand_in(const std::string& name, const std::string& does) const {
    write_file(tools() / name, "#!/bin/sh\n" + does + "\n");
    fs::permissions(tools() / name, fs::perms::owner_all);
  }

 private:
  fs::path folder_;
};

std::string tail_of(const std::string& output) {
  constexpr size_t most = 2000;
  return output.substr(output.size() > most ? output.size() - most : 0);
}

Check verdict_of(const char* script, const std::string& target, const CommandResult& result,
                 const std::string& must_say = "") {
  bool ok = result.status == 0 && result.output.find(must_say) != result.output.npos;
  return {.name = script,
          .target = target,
          .ok = ok,
          .why = ok ? "" : fmt::format("status {}:\n{}", result.status, tail_of(result.output))};
}

class Run {
 public:
  Run(const fs::path& scripts, const std::map<std::string, std::string>& settings,
      const FarmBuild& build, const std::vector<std::string>& targets)
      : scripts_(scripts), settings_(settings), build_(build), targets_(targets), judged_(build) {
    // sysctl would change the machine, for programs that are not ours.
    judged_.stand_in("sysctl", "exit 0");
  }

  std::vector<Check> check_build() {
    std::vector<Check> checks{verdict_of(
        "test_all", "", script({"test_all.py"}, {"ALLOWED_BROKEN_TARGETS_PERCENTAGE=0"}))};
    if (build_.engine != "libfuzzer") return checks;  // these targets do not exit by themselves
    for (const std::string& target : targets_)
      checks.push_back(verdict_of("run_fuzzer", target, script({"run_fuzzer", target, "-runs=0"}),
                                  "Using seed corpus: "));
    return checks;
  }

  std::vector<Check> check_coverage() {
    // Helpers of Chromium and Rust are not in the clone; binaries are single objects with C++
    // names.
    if (!getenv("CODE_COVERAGE_SRC")) judged_.stand_in("coverage_helper", "exit 0");
    judged_.stand_in("rustfilt", "exec cat");
    // This script converts profiles to the format of OSS-Fuzz's LLVM, which may be newer than ours.
    judged_.stand_in("profraw_update.py", "exit 0");
    // The scripts look for sources below the build's folder.
    for (const fs::path& source : {fs::path("/usr"), source_folder(), build_.folder}) {
      fs::path top = *std::next(source.begin());
      if (!fs::exists(judged_.out() / top)) fs::create_symlink("/" / top, judged_.out() / top);
    }
    make_folder(judged_.seeds());
    for (const std::string& target : targets_)
      must_run({"unzip", "-qq", (judged_.out() / (target + "_seed_corpus.zip")).string(), "-d",
                (judged_.seeds() / target).string()});
    CommandResult result = script({"coverage"}, {"CORPUS_DIR=" + judged_.seeds().string(),
                                                 "COVERAGE_OUTPUT_DIR=" + judged_.report().string(),
                                                 "COVERAGE_EXTRA_ARGS=", "HTTP_PORT=", "GOPATH="});
    // The script reports a crashing target but continues.
    if (size_t at = result.output.find("Error occured while running"); at != result.output.npos)
      result = {1, result.output.substr(at)};
    std::vector<Check> checks{verdict_of("coverage", "", result)};
    for (const std::string& target : targets_) {
      fs::path summary = judged_.report() / "fuzzer_stats" / (target + ".json");
      json told = fs::exists(summary) ? try_parse_json(read_file(summary)) : json(nullptr);
      uint64_t lines = 0;
      if (told.is_object()) lines = told["data"][0]["totals"]["lines"]["covered"];
      checks.push_back({.name = "lines",
                        .target = target,
                        .figure = lines,
                        .limit = ">= 1",
                        .ok = lines > 0,
                        .why = lines > 0 ? "" : "none of its lines is covered"});
    }
    return checks;
  }

 private:
  CommandResult script(const std::vector<std::string>& command,
                       const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"env"};
    for (const auto& [name, value] : settings_) words.push_back(name + "=" + value);
    words.insert(words.end(), build_.environment.begin(), build_.environment.end());
    words.insert(words.end(), more.begin(), more.end());
    // Debian's clang++-14 is a link into LLVM's folder, which has the other programs.
    std::string cxx = must_run({"which", cxx_compiler()});
    fs::path llvm = fs::canonical(cxx.substr(0, cxx.find('\n'))).parent_path();
    words.push_back("OUT=" + judged_.out().string());
    words.push_back("RUN_FUZZER_MODE=batch");
    words.push_back(fmt::format("PATH={}:{}:{}:{}", judged_.tools().string(), scripts_.string(),
                                llvm.string(), getenv("PATH")));
    words.insert(words.end(), command.begin(), command.end());
    return run_command(words, false);
  }

  const fs::path& scripts_;
  const std::map<std::string, std::string>& settings_;
  const FarmBuild& build_;
  const std::vector<std::string>& targets_;
  Judged judged_;
};

}  // namespace

OssFuzz::OssFuzz(const fs::path& clone)
    : scripts_(fs::absolute(clone) / "infra/base-images/base-runner") {
  if (!fs::exists(scripts_ / "bad_build_check"))
    throw Failure(fmt::format(
        "{} is not a clone of OSS-Fuzz: it has no infra/base-images/base-runner/bad_build_check",
        clone.string()));
  settings_ = environment_in(read_file(scripts_ / "Dockerfile"));
}

std::vector<Check> OssFuzz::check(const FarmBuild& build,
                                  const std::vector<std::string>& targets) const {
  Run run(scripts_, settings_, build, targets);
  return build.sanitizer == "coverage" ? run.check_coverage() : run.check_build();
}

}  // namespace tool
