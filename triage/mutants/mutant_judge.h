// SPDX-License-Identifier: GPL-2.0-only
// Judges whether seeds and targets detect a mutant of a kernel tree.
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
  std::string stage = {};    // that detected it: "seeds", "comparison" or "campaign"
  std::string key = {};      // an oracle's key, "crash", "timeout", or variants-differ: behaves
                             // unlike the tree
  std::string source = {};   // seed or target that detected it
  std::string program = {};  // program that shows it, as text
  uint64_t programs = 0;     // random programs compared with the tree
  uint64_t executions = 0;   // by the campaign's targets
  double cpu_seconds = 0;    // without building
  double steps = 0;          // allocator steps in all seeds, relative to the original tree

  bool is_killed() const { return !stage.empty(); }
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(MutantVerdict, result, stage, key, source, program,
                                                programs, executions, cpu_seconds, steps)

// The verdict of a KUnit suite on a mutant.
struct SuiteVerdict {
  // "killed": a case fails; "killed with failures": a case with a failing allocation shows a
  // finding that the tree does not show; "survived"; or "" if the mutant is not compiled or has the
  // same code.
  std::string result;
  std::string by = {};  // the case that kills it
  std::string why = {};

  bool is_killed() const { return result.starts_with("killed"); }
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(SuiteVerdict, result, by, why)

struct JudgeOptions {
  std::chrono::milliseconds time{0};  // for a mutant that passes all seeds; 0: run only the seeds
  unsigned seed = 1;                  // for random programs and the engine
  std::string suite = {};             // KUnit suite that also judges
  Definitions definitions = {};       // for the suite
};

// The requested verdicts.
struct Judgement {
  std::optional<MutantVerdict> ours;
  std::optional<SuiteVerdict> suite;
};

class MutantJudge {
 public:
  // Runs seeds and suite on the tree, and builds the unchanged tree in each slot. Throws Failure,
  // also if the suite fails on the tree.
  MutantJudge(const KernelTree& tree, unsigned slots, const JudgeOptions& options);

  // Builds the mutant in the slot and loads it into this process. Call it once per process; several
  // processes may share a judge that was created before they forked. Throws Failure.
  Judgement judge(unsigned slot, const std::string& source, bool ours, bool suite) const;
  // The slot's folder, whose content belongs to the current mutant.
  std::filesystem::path folder(unsigned slot) const { return slots_[slot].tree.changed; }
  // Whether the tree behaves like the port's corresponding revision. Otherwise targets that compare
  // the two cannot judge mutants.
  bool is_like_its_revision() const { return likeness_; }

 private:
  struct Slot {
    KernelTree tree;
    std::string code;  // object code of the unchanged tree
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
  std::vector<Job> jobs_;          // jobs that run inputs_
  std::vector<Outcome> expected_;  // outcome of each job on the tree
  std::set<std::string> causes_;   // causes of the suite's findings on the tree
  std::vector<Slot> slots_;
};

}  // namespace tool
