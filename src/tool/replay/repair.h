// SPDX-License-Identifier: GPL-2.0-only
// A repair tried on one tree after another: does it apply, what becomes of the finding, and what
// else changes.
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

// A patch that was applied to a copy of a tree.
struct Patched {
  enum How { as_it_is, with_fuzz, is_there_already, not_at_all, elsewhere } how;
  KernelTree tree;  // the copy; of the first two

  bool applies() const { return how == as_it_is || how == with_fuzz; }
  // "applies as it is", "is there already", "changes nothing of the allocator".
  const char* in_words() const;
};

// What a tree does once it is repaired.
struct Repaired {
  Presence presence;  // of the finding
  // Each allocation of the program, without those failures that it has itself, failing alone and
  // with all after it.
  size_t failures = 0, clean_failures = 0;
  std::map<std::string, size_t> keys_of_failures = {};
  // Seeds on both: those that show something on the unrepaired tree and nothing any more; those
  // that show what they did not; those without a finding that go another way.
  size_t seeds = 0;
  std::vector<std::string> gone = {}, changed = {};
  std::map<std::string, std::string> came = {};  // key, and the seed
  // Random programs: likewise.
  uint64_t programs = 0;
  std::map<std::string, std::string> found = {};  // key, and the program
  std::string different = {};                     // a program that goes another way, or ""

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
  // That of a patch that applies.
  Repaired try_on(const KernelTree& tree, const KernelTree& repaired) const;

 private:
  TemporaryFolder folder_;  // of the patch and of a copy
  std::string patch_;       // its file
  const program::Program& program_;
  std::string key_;
  std::chrono::milliseconds time_;
  std::vector<Input> seeds_;
};

// Functions of the tree outside iova.c that call one of its interface: "iommu_dma_init_domain() in
// drivers/iommu/dma-iommu.c"; of those files that are there.
std::vector<std::string> callers_in(const KernelTree& tree, const std::string& function);
// The same of lines of `git grep -p`, which begin with the file.
std::vector<std::string> callers_in_grep(const std::string& lines, const std::string& function);

}  // namespace tool
