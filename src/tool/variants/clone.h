// SPDX-License-Identifier: GPL-2.0-only
// A user's git clone of Linux, read from its objects: its work tree and index are never touched.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "tool/variants/kernel_tree.h"

namespace tool {

struct Release {
  std::string tag;                 // "v6.12.3"
  std::array<unsigned, 3> number;  // {6, 12, 3}; the last is 0 of a mainline release
  std::string series() const;      // "6.12"
  bool is_mainline() const { return number[2] == 0; }
};

struct Commit {
  std::string id;  // in full
  std::string subject;
  std::string text() const;  // "fa8fb60d3637 (\"subject\")"
};

class Clone {
 public:
  // Of a path, with how its trees are built behind it (kernel_tree.h). Throws Failure: it is no git
  // repository.
  explicit Clone(const std::string& spec);

  // Tags v5.10, v5.10.1 .., from the first one named to the last, in order of number.
  std::vector<Release> releases(const std::string& from, const std::string& to) const;
  // Of a tag, branch or commit. Throws Failure.
  Commit commit(const std::string& revision) const;
  bool is_ancestor(const std::string& earlier, const std::string& later) const;
  // Those that changed one of the kernel files, after one and up to another, the oldest first.
  std::vector<Commit> changes(const std::string& after, const std::string& until) const;
  // What a commit changed in the kernel files.
  std::string difference(const std::string& commit) const;

  // Lines of `git grep -p` with the word, below drivers, of a commit.
  std::string grep(const std::string& revision, const std::string& word) const;

  // The kernel files of a commit, laid down in a folder of the builds: one for equal files. Throws
  // Failure.
  KernelTree tree(const std::string& revision) const;

 private:
  std::string git(std::vector<std::string> words) const;

  std::filesystem::path folder_;
  TreeBuild build_;
};

}  // namespace tool
