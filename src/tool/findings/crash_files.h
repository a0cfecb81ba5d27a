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
  const fuzz::Target* target;  // by the file's or a folder's name; the widest one if none is named
};

// In order of path. What cannot be looked at is a sentence among the complaints; everything else is
// found nevertheless. Links to folders are not followed.
std::vector<CrashFile> find_crash_files(const std::vector<std::string>& paths,
                                        std::vector<std::string>& complaints);

}  // namespace tool
