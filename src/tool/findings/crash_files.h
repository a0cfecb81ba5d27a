// SPDX-License-Identifier: GPL-2.0-only
// What engines leave behind, found in any folder: artifacts of libFuzzer, crashes and hangs of all
// instances of AFL++, test cases of OSS-Fuzz, and what campaigns of this tool keep.
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

// By the name of the file or of a folder that it is in; the widest one if none is named.
const fuzz::Target* target_of(const std::filesystem::path& path);

// In order of path. What cannot be looked at is a sentence among the complaints; everything else is
// found nevertheless. Links to folders are not followed.
std::vector<CrashFile> find_crash_files(const std::vector<std::string>& paths,
                                        std::vector<std::string>& complaints);

}  // namespace tool
