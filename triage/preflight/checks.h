// SPDX-License-Identifier: GPL-2.0-only
// Checks a folder of built fuzz targets ($OUT) by OSS-Fuzz's rules and some of our own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tool {

struct Check {
  std::string name;
  std::string target = "";  // "" for the whole folder or project
  std::optional<uint64_t> figure = {};
  std::string limit = "";  // for the figure
  bool ok;
  std::string why = "";  // why it is not ok, as a sentence
};

struct Preflight {
  std::string sanitizer;             // of the build, in OSS-Fuzz's terms
  std::vector<std::string> targets;  // exactly the targets that must be there
  int seconds = 60;                  // limit for one run of a target
};

// Renames the folder while its targets run. Throws Failure.
std::vector<Check> inspect(const std::filesystem::path& out, const Preflight& preflight);

}  // namespace tool
