// SPDX-License-Identifier: GPL-2.0-only
// The Linux source tree that --kernel means: a path, or debian:VERSION, and how it is built:
// "debian:6.12,hz=250,locals=zero".
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "tool/support/process.h"

namespace tool {

// What a kernel's configuration and compiler choose. As it stands behind a tree in what users type;
// usual ones are left out.
struct TreeBuild {
  unsigned hz = 0;             // jiffies a second; 0: as the shim has them
  bool zeroes_locals = false;  // variables that nobody has set: zero, instead of a pattern
  std::string words() const;   // ",hz=250"
};

// What users type of a tree, or of a clone of Linux, without how it is built. Throws Failure.
struct TreeSpec {
  std::string where;
  TreeBuild build;
};
TreeSpec parse_tree_spec(const std::string& spec);

struct KernelTree {
  // Names build targets and folders, so of [A-Za-z0-9._-] only: "debian-6.12", or "linux-", the
  // folder's last name and a hash of its absolute path, the same in every run.
  std::string name;
  // For people: "debian:6.12 (6.12.117-1)", or the absolute path.
  std::string title;
  std::filesystem::path folder;  // absolute, without symbolic links; has the files below
  // If not empty, a folder whose drivers/iommu/iova.c is compiled in the place of the tree's.
  std::filesystem::path changed = {};
  TreeBuild build = {};
};
// The same, built in that way, with another name and title.
KernelTree built_as(KernelTree tree, const TreeBuild& build);

// A file that is used of a tree.
struct KernelFile {
  const char* path;
  bool required;  // else taken where a tree has it
};
std::span<const KernelFile> kernel_files();

// Lets one process at a time add trees to a folder. Throws Failure.
FileLock lock_trees(const std::filesystem::path& folder);

// Fetches a debian: tree if it is not at hand; slow steps are told on stderr. Throws Failure.
KernelTree find_kernel_tree(const std::string& spec);
// The version of a debian:VERSION that is built in no way of its own; "" of a path.
std::string debian_version(const std::string& spec);
// The same word for use in any folder: a path becomes absolute.
std::string absolute_spec(const std::string& spec);

}  // namespace tool
