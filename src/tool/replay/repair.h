// SPDX-License-Identifier: GPL-2.0-only
// Tries a repair on kernel trees: whether it applies, whether the finding is gone, and what else
// changes.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "program/program.h"
#include "tool/replay/input.h"
#include "tool/replay/presence.h"
#include "tool/support/files.h"

namespace tool {

// The result of applying the patch to a copy of a tree.
struct Patched {
  enum How { as_it_is, with_fuzz, is_there_already, not_at_all, elsewhere } how;
  KernelTree tree;  // the copy, if the patch applies

  bool applies() const { return how == as_it_is || how == with_fuzz; }
  // "applies as it is", "is there already", "changes nothing of the allocator".
  const char* in_words() const;
};

// The behaviour of the repaired tree.
struct Repaired {
  Presence presence;  // of the finding
  // Runs of the program, without its own failures, in which each allocation fails alone and with
  // all after it.
  size_t failures = 0, clean_failures = 0;
  std::map<std::string, size_t> keys_of_failures = {};
  // Seeds on both trees. gone: had a finding before, none after; changed: no finding, but another
  // trace; came: a new finding.
  size_t seeds = 0;
  std::vector<std::string> gone = {}, changed = {};
  std::map<std::string, std::string> came = {};  // key to seed
  // Random programs on both trees.
  uint64_t programs = 0;
  std::map<std::string, std::string> found = {};  // key to program, of new findings
  std::string different = {};                     // a program with another trace, or ""

  bool is_clean() const {
    return presence.state == Presence::clean && keys_of_failures.empty() && came.empty() &&
           found.empty();
  }
};

class RepairTrial {
 public:
  RepairTrial(std::string patch, const program::Program& program, std::string key,
              std::chrono::milliseconds time);

  Patched apply(const KernelTree& tree) const;
  // For a tree and its repaired copy, from an apply() that applies.
  Repaired try_on(const KernelTree& tree, const KernelTree& repaired) const;

 private:
  TemporaryFolder folder_;  // has the patch and a copy of a tree
  std::string patch_;       // path of its file
  const program::Program& program_;
  std::string key_;
  std::chrono::milliseconds time_;
  std::vector<Input> seeds_;
};

// Functions outside iova.c, in the files that the tree has, that call a function of its interface:
// "iommu_dma_init_domain() in drivers/iommu/dma-iommu.c".
std::vector<std::string> callers_in(const KernelTree& tree, const std::string& function);
// The same from lines of `git grep -p`, which begin with the file.
std::vector<std::string> callers_in_grep(const std::string& lines, const std::string& function);

}  // namespace tool
