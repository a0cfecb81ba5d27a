// SPDX-License-Identifier: GPL-2.0-only
#include "tool/variants/kernel_tree.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <regex>

#include "tool/support/failure.h"
#include "tool/support/hash.h"
#include "tool/variants/debian_source.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

constexpr KernelFile files[] = {
    {"drivers/iommu/iova.c", true},
    {"drivers/iommu/dma-iommu.c", false},  // has the flush queue, but for old trees
    {"include/linux/iova.h", true},
    {"include/linux/rbtree.h", true},
    {"include/linux/rbtree_augmented.h", true},
    {"include/linux/rbtree_types.h", false},  // old trees have its content in rbtree.h
    {"lib/rbtree.c", true},
};

std::string name_of(const fs::path& folder) {
  std::string last = folder.filename().string().substr(0, 40);
  for (char& c : last)
    if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", c)) c = '_';
  return fmt::format("linux-{}{}{}", last, last.empty() ? "" : "-",
                     content_hash(folder.string()).substr(0, 8));
}

KernelTree tree_at(const std::string& path) {
  if (path.empty()) throw Failure("--kernel needs a path or debian:VERSION");
  std::error_code error;
  fs::path folder = fs::canonical(path, error);
  if (error) throw Failure(fmt::format("{}: {}", path, error.message()));
  if (!fs::is_directory(folder, error))
    throw Failure(fmt::format("{}: is not a folder: --kernel needs a Linux source tree", path));
  for (const KernelFile& file : files) {
    fs::path at = folder / file.path;
    if (fs::is_regular_file(at, error)) {
      if (access(at.c_str(), R_OK))
        throw Failure(fmt::format("{}: {}", at.string(), strerror(errno)));
    } else if (file.required) {
      throw Failure(
          fmt::format("{}: has no {}: --kernel needs a Linux source tree", path, file.path));
    }
  }
  return {name_of(folder), folder.string(), folder};
}

}  // namespace

std::span<const KernelFile> kernel_files() { return files; }

KernelTree find_kernel_tree(const std::string& spec) {
  static const std::string prefix = "debian:";
  if (!spec.starts_with(prefix)) return tree_at(spec);
  std::string version = spec.substr(prefix.size());
  static const std::regex form("[0-9]{1,4}\\.[0-9]{1,4}");
  if (!std::regex_match(version, form))
    throw Failure(fmt::format("--kernel {}: give it as debian:6.12", spec));
  DebianTree tree = debian_tree(version);
  return {"debian-" + version, fmt::format("{} ({})", spec, tree.version), tree.folder};
}

}  // namespace tool
