// SPDX-License-Identifier: GPL-2.0-only
// Helpers for tests that fetch trees: made-up trees, whose files contain their own path and a mark.
#pragma once

#include <filesystem>
#include <string>

#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/variants/kernel_tree.h"

namespace tool {

template <typename Call>
std::string failure_of(Call call) {
  try {
    call();
  } catch (const Failure& failure) {
    return failure.what();
  }
  return "no failure";
}

inline std::string content_of(const std::string& path, const std::string& mark) {
  return "/* " + path + " of " + mark + " */\n";
}

inline void make_tree(const std::filesystem::path& folder, const std::string& mark,
                      const std::string& without = "") {
  for (const KernelFile& file : kernel_files()) {
    if (file.path == without) continue;
    std::filesystem::create_directories((folder / file.path).parent_path());
    write_file(folder / file.path, content_of(file.path, mark));
  }
}

}  // namespace tool
