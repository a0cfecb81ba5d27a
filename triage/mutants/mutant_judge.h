// SPDX-License-Identifier: GPL-2.0-only
// Whether the collection, its seeds and its targets, tells a mutant of a kernel tree from the tree.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "iova/variant.h"
#include "tool/replay/input.h"
#include "tool/replay/isolate.h"
#include "tool/support/json.h"
#include "tool/variants/kernel_tree.h"
#include "tool/variants/kunit_module.h"

namespace tool {

struct MutantVerdict {
  // "not compiled", "same code", "breaks a promise", "differs only" or "survived"
  std::string result;
  std::string stage = {};    // that told it from the tree: "seeds", "comparison" or "campaign"
  std::string key = {};      // of an oracle, "crash", "timeout", or variants-differ: not the tree
  std::string source = {};   // the seed or the target that showed it
  std::string program = {};  // that shows it, as text
  uint64_t programs = 0;     // compared with the tree
  uint64_t executions = 0;   // of the campaign's targets
  double cpu_seconds = 0;    // without the build
  double steps = 0;          // through the tree, in all seeds, as a multiple of the original's

  bool is_killed() const { return !stage.empty(); }
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(MutantVerdict, result, stage, key, source, program,
                                                programs, executions, cpu_seconds, steps)

// What a KUnit suite makes of a mutant.
struct SuiteVerdict {
  // "killed": a case fails; "killed with failures": one shows a finding when an allocation fails,
  // which it does not on the tree; "survived"; or "" for a mutant that is none.
  std::string result;
  std::string by = {};  // the case
  std::string why = {};

  bool is_killed() const { return result.starts_with("killed"); }
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(SuiteVerdict, result, by, why)

struct JudgeOptions {
  std::chrono::milliseconds time{0};  // for a mutant that stands all seeds; 0: no more than seeds
  unsigned seed = 1;                  // of random programs and of the engine
  std::string suite = {};             // file of a KUnit suite that judges too
  Definitions definitions = {};       // of its
};

// Of both, what was asked for.
struct Judgement {
  std::optional<MutantVerdict> ours;
  std::optional<SuiteVerdict> suite;
};

class MutantJudge {
 public:
  // Runs the seeds and the suite on the tree, and builds the tree as it is in so many slots. Throws
  // Failure: the suite fails there, too.
  MutantJudge(const KernelTree& tree, unsigned slots, const JudgeOptions& options);

  // Builds the mutant in the slot, and loads it into this process: to be called once in each, of
  // which several may share a judge that was made before. Throws Failure.
  Judgement judge(unsigned slot, const std::string& source, bool ours, bool suite) const;
  // The slot's folder: what is in it belongs to the mutant at hand.
  std::filesystem::path folder(unsigned slot) const { return slots_[slot].tree.changed; }
  // Whether the tree does what the port's revision does that it is like; else targets that compare
  // the two have nothing to say of a mutant.
  bool is_like_its_revision() const { return likeness_; }

 private:
  struct Slot {
    KernelTree tree;
    std::string code;  // of the unchanged tree
  };

  IsolateOptions isolate() const;
  void run_seeds();
  void run_suite();
  void build_slots(unsigned count);
  MutantVerdict judge_ours(const Slot& slot) const;
  SuiteVerdict judge_suite(const Slot& slot) const;
  bool compiles(const Slot& slot, const std::string& source) const;
  bool killed_by_seeds(const iova_variant& mutant, MutantVerdict& verdict) const;
  bool killed_by_comparison(const iova_variant& mutant, MutantVerdict& verdict) const;
  bool killed_by_campaign(const Slot& slot, const iova_variant& mutant,
                          MutantVerdict& verdict) const;

  KernelTree tree_;
  JudgeOptions options_;
  const iova_variant* original_;
  const iova_variant* likeness_;
  std::vector<Input> inputs_;
  std::vector<Job> jobs_;          // the inputs
  std::vector<Outcome> expected_;  // of each, on the tree
  std::set<std::string> causes_;   // of findings that the suite shows on the tree
  std::vector<Slot> slots_;
};

}  // namespace tool
