// SPDX-License-Identifier: GPL-2.0-only
// For tests of the tool as its users meet it: the program itself, run to its end.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fuzz/targets.h"
#include "triage/build.h"
#include "triage/files.h"

namespace triage {

inline CommandResult tool(std::vector<std::string> arguments, bool keep_errors = true) {
  arguments.insert(arguments.begin(), (build_folder() / "triage/iovafuzz-cli").string());
  return run_command(arguments, false, keep_errors);
}

inline nlohmann::json tool_json(std::vector<std::string> arguments) {
  arguments.push_back("--json");
  CommandResult result = tool(arguments, false);  // progress is on stderr
  EXPECT_LT(result.status, 2) << result.output;
  return nlohmann::json::parse(result.output, nullptr, false);
}

// With seeds of their own, and binaries for the port. Those that compare or read text share the
// seeds.
inline std::vector<const fuzz::Target*> judging_targets() {
  std::vector<const fuzz::Target*> judging;
  for (const fuzz::Target* target : fuzz::targets)
    if (!target->compares && !target->reads_text) judging.push_back(target);
  return judging;
}

// With a dictionary of their own, and a binary that needs nothing built on demand.
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

}  // namespace triage
