// SPDX-License-Identifier: GPL-2.0-only
// Helpers for tests that run whole commands of this tool in child processes.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "fuzz/targets.h"
#include "tool/support/build.h"
#include "tool/support/files.h"
#include "tool/support/json.h"

namespace tool {

inline std::string program_of(const std::string& command) {
  return (build_folder() / "commands" / ("iovafuzz-" + command)).string();
}

// Arguments that start the program of a command; groups (corpus, bench) have names of two words.
inline std::vector<std::string> command_words(std::vector<std::string> arguments) {
  size_t words = arguments.at(0) == "corpus" || arguments[0] == "bench" ? 2 : 1;
  std::string name = arguments[0] + (words > 1 ? "-" + arguments.at(1) : "");
  arguments.erase(arguments.begin(), arguments.begin() + static_cast<ptrdiff_t>(words));
  arguments.insert(arguments.begin(), program_of(name));
  return arguments;
}

inline CommandResult tool(const std::vector<std::string>& arguments, bool keep_errors = true) {
  return run_command(command_words(arguments), false, keep_errors);
}

inline json tool_json(std::vector<std::string> arguments) {
  arguments.push_back("--json");
  CommandResult result = tool(arguments, false);  // progress is on stderr
  EXPECT_LT(result.status, 2) << result.output;
  return try_parse_json(result.output);
}

inline json run_into(const TemporaryFolder& out, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"run", "--out", out.path().string()});
  return tool_json(arguments);
}

inline void expect_all(const std::string& text, std::initializer_list<const char*> parts) {
  for (const char* part : parts)
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

// Programs that show known issues of revision 6.12, and the keys of their findings.
inline const std::string bug = "cache_get\ninit\nfail 0x10\ninit_rcaches\n";
inline const std::string bug_key =
    "slab-free-null:iova_magazine_free:init_rcaches:iova_magazine_alloc";
inline const std::string hint_bug = "cache_get\ninit\nalloc size=64 limit=30\nalloc size=64\n";
inline const std::string hint_key = "hint-lower-limit:alloc_iova:alloc:none";

// Targets with seeds of their own and binaries for the port. Targets that compare or read text
// share those seeds.
inline std::vector<const fuzz::Target*> judging_targets() {
  std::vector<const fuzz::Target*> judging;
  for (const fuzz::Target* target : fuzz::targets)
    if (!target->compares && !target->reads_text) judging.push_back(target);
  return judging;
}

// Targets whose binaries need no variant that is built on demand.
inline std::vector<const fuzz::Target*> standing_targets() {
  std::vector<const fuzz::Target*> standing;
  for (const fuzz::Target* target : fuzz::targets)
    if (!target->compares) standing.push_back(target);
  return standing;
}

inline std::vector<std::filesystem::path> seeds() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(source_folder() / "corpus"))
    if (entry.path().extension() == ".iova") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace tool
