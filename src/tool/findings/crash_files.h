// SPDX-License-Identifier: GPL-2.0-only
// Finds inputs that engines left in any folder: artifacts of libFuzzer, crashes and hangs of all
// AFL++ instances, test cases of OSS-Fuzz, and inputs kept by campaigns of this tool.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fuzz/target.h"

namespace tool {

struct CrashFile {
  std::filesystem::path path;
  const fuzz::Target* target;
};

// Looks for a target's name in the file name and in the names of its parent folders. Falls back to
// the widest target.
const fuzz::Target* target_of(const std::filesystem::path& path);

// Sorted by path. A path that cannot be read adds a sentence to complaints; the search continues.
// Links to folders are not followed.
std::vector<CrashFile> find_crash_files(const std::vector<std::string>& paths,
                                        std::vector<std::string>& complaints);

}  // namespace tool
