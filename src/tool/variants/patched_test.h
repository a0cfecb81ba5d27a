// SPDX-License-Identifier: GPL-2.0-only
// Helpers for tests with modified kernel trees.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tool/support/files.h"
#include "tool/variants/kernel_tree.h"

namespace tool {

struct Edit {
  const char *from, *to;
  const char* file = "drivers/iommu/iova.c";
};

// A copy of a tree, to be modified.
class PatchedTree {
 public:
  explicit PatchedTree(const std::string& spec) {
    for (const char* part : {"drivers", "include", "lib"})
      std::filesystem::copy(find_kernel_tree(spec).folder / part, folder_.path() / part,
                            std::filesystem::copy_options::recursive);
  }
  std::string path() const { return folder_.path().string(); }
  std::string file(const std::string& name) const { return (folder_.path() / name).string(); }
  void replace(const std::string& from, const std::string& to,
               const std::string& name = "drivers/iommu/iova.c") {
    std::string text = read_file(file(name));
    size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    write_file(file(name), text.replace(at, from.size(), to));
  }
  void apply(const std::vector<Edit>& edits) {
    for (const Edit& edit : edits) replace(edit.from, edit.to, edit.file);
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace tool
