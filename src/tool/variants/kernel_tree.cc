// SPDX-License-Identifier: GPL-2.0-only
#include "tool/variants/kernel_tree.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <regex>

#include "iova/revision.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/hash.h"
#include "tool/support/words.h"
#include "tool/variants/debian_source.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

constexpr std::string_view debian_prefix = "debian:";

constexpr KernelFile files[] = {
    {"drivers/iommu/iova.c", true},
    {"drivers/iommu/dma-iommu.c", false},  // has the flush queue, except in old trees
    {"include/linux/iova.h", true},
    // Libraries; src/kernel/probe.cmake finds out which of them a tree needs.
    {"include/linux/rbtree.h", false},
    {"include/linux/rbtree_augmented.h", false},
    {"include/linux/rbtree_types.h", false},  // old trees have its content in rbtree.h
    {"lib/rbtree.c", false},
    {"include/linux/maple_tree.h", false},
    {"lib/maple_tree.c", false},
};

std::string name_of(const fs::path& folder) {
  std::string last = folder.filename().string().substr(0, 40);
  for (char& c : last)
    if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", c)) c = '_';
  return fmt::format("linux-{}{}{}", last, last.empty() ? "" : "-",
                     content_hash(folder.string()).substr(0, 8));
}

// A bare version may mean Debian's source or a revision of the port: suggests both.
std::string meant_version(const std::string& path) {
  static const std::regex form("v?([0-9]{1,4}\\.[0-9]{1,4})(\\.[0-9]+)?");
  std::smatch match;
  if (!std::regex_match(path, match, form)) return "";
  std::string version = match[1], text = fmt::format(": did you mean debian:{}", version);
  for (const port::NamedRevision& named : port::named_revisions)
    if (version == named.name) text += fmt::format(" or --revision {}", version);
  return text + "?";
}

constexpr unsigned least_hz = 24, most_hz = 1200;  // range over all architectures

void choose(TreeBuild& build, const std::string& spec, const std::string& choice) {
  const size_t sign = choice.find('=');
  const std::string name = choice.substr(0, sign), value = choice.substr(sign + 1);
  if (name == "hz") {
    static const std::regex number("[0-9]{1,4}");
    build.hz = std::regex_match(value, number) ? static_cast<unsigned>(std::stoul(value)) : 0;
    if (build.hz < least_hz || build.hz > most_hz)
      throw Failure(fmt::format("{}: hz={}: is not a number of jiffies per second from {} to {}",
                                spec, value, least_hz, most_hz));
  } else if (name == "locals") {
    const std::vector<std::string> words{"pattern", "zero"};
    if (std::find(words.begin(), words.end(), value) == words.end())
      throw Failure(fmt::format("{}: {}", spec, unknown_word("value of locals", value, words)));
    build.zeroes_locals = value == "zero";
  } else {
    throw Failure(
        fmt::format("{}: {}", spec, unknown_word("build option", name, {"hz", "locals"})));
  }
}

KernelTree tree_at(const std::string& path) {
  if (path.empty()) throw Failure("--kernel needs a path or debian:VERSION");
  std::error_code error;
  fs::path folder = fs::canonical(path, error);
  if (error) throw Failure(fmt::format("{}: {}{}", path, error.message(), meant_version(path)));
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

std::string TreeBuild::words() const {
  return (hz ? fmt::format(",hz={}", hz) : "") + (zeroes_locals ? ",locals=zero" : "");
}

TreeSpec parse_tree_spec(const std::string& spec) {
  static const std::regex form("(.*),([a-z_]+=[^,/]*)");
  TreeSpec result{spec, {}};
  std::smatch match;
  std::error_code error;
  // The name of an existing folder may look like this.
  while (!fs::exists(result.where, error) && std::regex_match(result.where, match, form)) {
    choose(result.build, spec, match[2]);
    result.where = match.str(1);
  }
  return result;
}

KernelTree built_as(KernelTree tree, const TreeBuild& build) {
  const std::string words = build.words();
  tree.build = build;
  tree.title += words;
  for (char c : words) tree.name += c == ',' || c == '=' ? '-' : c;
  return tree;
}

std::string absolute_spec(const std::string& spec) {
  if (spec.starts_with(debian_prefix)) return spec;
  const TreeSpec parsed = parse_tree_spec(spec);
  return absolute_path(parsed.where).string() + parsed.build.words();
}

std::span<const KernelFile> kernel_files() { return files; }

std::string debian_version(const std::string& spec) {
  return spec.starts_with(debian_prefix) ? spec.substr(debian_prefix.size()) : "";
}

FileLock lock_trees(const fs::path& folder) {
  return FileLock(folder / "lock", "another iovafuzz is fetching a kernel tree: waiting");
}

KernelTree find_kernel_tree(const std::string& typed) {
  const auto [spec, build] = parse_tree_spec(typed);
  if (!spec.starts_with(debian_prefix)) return built_as(tree_at(spec), build);
  std::string version = debian_version(spec);
  static const std::regex form("[0-9]{1,4}\\.[0-9]{1,4}");
  if (!std::regex_match(version, form))
    throw Failure(fmt::format("--kernel {}: use the form debian:6.12", spec));
  DebianTree tree = debian_tree(version);
  return built_as({"debian-" + version, fmt::format("{} ({})", spec, tree.version), tree.folder},
                  build);
}

}  // namespace tool
