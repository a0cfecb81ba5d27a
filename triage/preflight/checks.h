// SPDX-License-Identifier: GPL-2.0-only
// What OSS-Fuzz asks of a folder of built fuzz targets ($OUT), and what it should ask.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tool {

struct Check {
  std::string name;
  std::string target = "";  // "" for the folder or the project as a whole
  std::optional<uint64_t> figure = {};
  std::string limit = "";  // of the figure
  bool ok;
  std::string why = "";  // not, in a sentence
};

struct Preflight {
  std::string sanitizer;             // of the build, as OSS-Fuzz names it
  std::vector<std::string> targets;  // that must be there, and no other
  int seconds = 60;                  // for one run of a target
};

// The folder has another name while its targets run. Throws Failure.
std::vector<Check> inspect(const std::filesystem::path& out, const Preflight& preflight);

}  // namespace tool
