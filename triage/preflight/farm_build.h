// SPDX-License-Identifier: GPL-2.0-only
// Builds targets as OSS-Fuzz does, without its images: by .clusterfuzzlite/build.sh, with its
// compiler flags and libraries as far as this machine has them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tool {

struct FarmBuild {
  std::string engine;     // in OSS-Fuzz's terms: "libfuzzer", "afl"
  std::string sanitizer;  // "address", "undefined", "coverage", "none"
  std::filesystem::path folder;
  std::vector<std::string> environment;  // NAME=VALUE, for env
  std::filesystem::path out() const { return folder / "out"; }
};

// Builds into a folder below `all`, including the tree's targets if there is one. Reuses an earlier
// build with the same settings. Throws Failure.
FarmBuild build_as_there(const std::string& engine, const std::string& sanitizer,
                         const std::filesystem::path& all, const std::string& kernel);

// Sets the build's list of variants to these calls (cmake/variants.cmake) and builds further
// targets. Returns the folder of their binaries. Throws Failure.
std::filesystem::path build_more(const FarmBuild& build, const std::vector<std::string>& variants,
                                 const std::vector<std::string>& targets);

}  // namespace tool
