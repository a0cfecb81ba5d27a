// SPDX-License-Identifier: GPL-2.0-only
// Targets built as OSS-Fuzz builds them, without its images: by .clusterfuzzlite/build.sh, under
// its compilers' flags and libraries, as far as this machine has them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tool {

struct FarmBuild {
  std::string engine;     // as OSS-Fuzz names it: "libfuzzer", "afl"
  std::string sanitizer;  // likewise: "address", "undefined", "coverage", "none"
  std::filesystem::path folder;
  std::vector<std::string> environment;  // variables, as env takes them
  std::filesystem::path out() const { return folder / "out"; }
};

// Builds into a folder below `all`, with a tree's targets if there is one. What an earlier run left
// is made use of, unless it was built otherwise. Throws Failure.
FarmBuild build_as_there(const std::string& engine, const std::string& sanitizer,
                         const std::filesystem::path& all, const std::string& kernel);

// Builds further targets of the build system within it, after its list of variants is set to those
// calls (cmake/variants.cmake). Returns the folder of their binaries. Throws Failure.
std::filesystem::path build_more(const FarmBuild& build, const std::vector<std::string>& variants,
                                 const std::vector<std::string>& targets);

}  // namespace tool
