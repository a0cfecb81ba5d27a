// SPDX-License-Identifier: GPL-2.0-only
// The Linux source tree that --kernel names: a path or debian:VERSION, followed by how it is built:
// "debian:6.12,hz=250,locals=zero".
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "tool/support/process.h"

namespace tool {

// Choices of a kernel's configuration and compiler, which users append to a tree. Defaults are not
// printed.
struct TreeBuild {
  unsigned hz = 0;             // jiffies a second; 0: the shim's default
  bool zeroes_locals = false;  // local variables start as zero instead of a pattern
  std::string words() const;   // ",hz=250"
};

// A tree, or a clone of Linux, as users type it, split into the place and the build. Throws
// Failure.
struct TreeSpec {
  std::string where;
  TreeBuild build;
};
TreeSpec parse_tree_spec(const std::string& spec);

struct KernelTree {
  // Names build targets and folders, so only [A-Za-z0-9._-]: "debian-6.12", or "linux-", the
  // folder's last name and a hash of its absolute path. The same in every run.
  std::string name;
  // For messages: "debian:6.12 (6.12.117-1)", or the absolute path.
  std::string title;
  std::filesystem::path folder;  // absolute, without symbolic links; has the files below
  // If not empty: a folder whose drivers/iommu/iova.c is compiled instead of the tree's.
  std::filesystem::path changed = {};
  TreeBuild build = {};
};
// The same tree with that build, which is also part of its name and title.
KernelTree built_as(KernelTree tree, const TreeBuild& build);

// A file of a kernel tree that iovafuzz uses.
struct KernelFile {
  const char* path;
  bool required;  // else used only if the tree has it
};
std::span<const KernelFile> kernel_files();

// Lets one process at a time add trees to a folder. Throws Failure.
FileLock lock_trees(const std::filesystem::path& folder);

// Fetches a debian: tree that is not in the cache; slow steps are reported on stderr. Throws
// Failure.
KernelTree find_kernel_tree(const std::string& spec);
// The VERSION of debian:VERSION; "" for a path. The spec must have no build suffix.
std::string debian_version(const std::string& spec);
// The same spec, valid in any folder: a path becomes absolute.
std::string absolute_spec(const std::string& spec);

}  // namespace tool
