// SPDX-License-Identifier: GPL-2.0-only
#include "triage/coverage.h"

#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <sstream>
#include <vector>

#include "triage/build.h"
#include "triage/commands.h"
#include "triage/input.h"

namespace fs = std::filesystem;

namespace triage {
namespace {

constexpr const char* revisions[] = {
#define PORT_REVISION(column, name) name,
#include "iova/revisions.inc"
#undef PORT_REVISION
};

void must_run(const std::vector<std::string>& words) {
  CommandResult result = run_command(words, false);
  if (result.status) throw Failure(fmt::format("{} failed:\n{}", words[0], result.output));
}

// llvm-profdata and llvm-cov beside the compiler that built this tool.
std::string llvm_tool(const char* name) {
  return (fs::canonical(IOVAFUZZ_CXX_COMPILER).parent_path() / name).string();
}

using LineCounts = std::map<int, uint64_t>;

// From the lcov format: SF:file, DA:line,count.
std::map<std::string, LineCounts> parse_lcov(const std::string& text) {
  std::map<std::string, LineCounts> files;
  LineCounts* lines = nullptr;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (line.rfind("SF:", 0) == 0) lines = &files[line.substr(3)];
    size_t comma = line.find(',');
    if (line.rfind("DA:", 0) == 0 && comma != std::string::npos)
      (*lines)[std::stoi(line.substr(3))] += std::stoull(line.substr(comma + 1));
  }
  return files;
}

}  // namespace

int report_coverage() {
  fs::path folder =
      build_preset("coverage", IOVAFUZZ_C_COMPILER, IOVAFUZZ_CXX_COMPILER, "iovafuzz-cli");

  fs::path profiles = folder / "profiles";
  fs::remove_all(profiles);
  make_folder(profiles);
  // Merged as processes end, since the tool runs programs in children of its own.
  setenv("LLVM_PROFILE_FILE", (profiles / "%m.profraw").c_str(), 1);
  std::string tool = (folder / "triage/iovafuzz-cli").string();
  for (const char* revision : revisions) {
    std::vector<std::string> words{tool, "replay", "--quiet", "--revision", revision};
    for (const auto& target : fs::directory_iterator(source_folder() / "corpus"))
      words.push_back(target.path().string());
    // Seeds may have findings on a revision that is not fixed; what ran before them counts.
    if (run_command(words, false).status > findings)
      throw Failure(fmt::format("the seeds cannot be run on {}", revision));
  }
  unsetenv("LLVM_PROFILE_FILE");
  std::vector<std::string> merge{llvm_tool("llvm-profdata"), "merge", "-o",
                                 (folder / "seeds.profdata").string()};
  for (const auto& profile : fs::directory_iterator(profiles))
    merge.push_back(profile.path().string());
  must_run(merge);
  CommandResult exported = run_command(
      {llvm_tool("llvm-cov"), "export", "-format=lcov", "-skip-functions", tool,
       "-instr-profile=" + (folder / "seeds.profdata").string(),
       "--sources", (source_folder() / "src/iova").string()},
      false);
  if (exported.status) throw Failure("llvm-cov failed:\n" + exported.output);

  size_t lines = 0, reached = 0, explained = 0, wrong = 0;
  for (const auto& [file, counts] : parse_lcov(exported.output)) {
    std::istringstream source(read_file(file));
    std::vector<std::string> text{""};
    for (std::string line; std::getline(source, line);) text.push_back(line);
    for (auto [number, count] : counts) {
      bool claims = text[number].find("// Not reached:") != std::string::npos;
      lines++;
      reached += count > 0;
      explained += !count && claims;
      if ((count > 0) != claims) continue;
      wrong++;
      fmt::print("{}:{}: {}:{}\n", fs::relative(file, source_folder()).string(), number,
                 claims ? "is reached, and says that it is not" : "is not reached", text[number]);
    }
  }
  fmt::print("seeds reach {} of {} lines of src/iova, {} cannot be reached\n", reached, lines,
             explained);
  if (!lines) throw Failure("llvm-cov knows no line of src/iova");
  return wrong ? findings : nothing_new;
}

}  // namespace triage
