// SPDX-License-Identifier: GPL-2.0-only
// A user's git clone of Linux. Only git objects are read; the work tree and the index are never
// touched.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "tool/variants/kernel_tree.h"

namespace tool {

struct Release {
  std::string tag;                 // "v6.12.3"
  std::array<unsigned, 3> number;  // {6, 12, 3}; a mainline release has 0 at the end
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
  // spec: path of the clone, and how its trees are built (TreeSpec). Throws Failure if it is no git
  // repository.
  explicit Clone(const std::string& spec);

  // Release tags (v5.10, v5.10.1, ...) between the two releases, both included, sorted by number.
  std::vector<Release> releases(const std::string& from, const std::string& to) const;
  // The commit that a tag, branch or commit id names. Throws Failure.
  Commit commit(const std::string& revision) const;
  bool is_ancestor(const std::string& earlier, const std::string& later) const;
  // Commits of after..until that changed a kernel file, the oldest first.
  std::vector<Commit> changes(const std::string& after, const std::string& until) const;
  // The diff of a commit, kernel files only.
  std::string difference(const std::string& commit) const;

  // Lines of `git grep -p` for the word in a commit's drivers/ folder.
  std::string grep(const std::string& revision, const std::string& word) const;

  // Writes the kernel files of a commit to a folder below builds_folder(); commits with equal files
  // share it. Throws Failure.
  KernelTree tree(const std::string& revision) const;

 private:
  std::string git(std::vector<std::string> words) const;

  std::filesystem::path folder_;
  TreeBuild build_;
};

}  // namespace tool
