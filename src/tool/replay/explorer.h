// SPDX-License-Identifier: GPL-2.0-only
// Explores every schedule of a program with a given number of preemptions. A preemption suspends an
// operation at one of its scheduling points while the next one, two, ... of the operations after it
// run. A suspended operation may be suspended again, and so may the operations that run meanwhile.
//
// Of equal schedules (ran.h) only one is run, whichever preemptions they differ in; the runs of the
// others are derived from it. If two schedules reach the same state, only the first is continued
// from there.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "program/program.h"
#include "tool/replay/isolate.h"

namespace tool {

struct Exploration {
  uint64_t schedules = 0;  // number of runs
  uint64_t equal = 0;      // not run, since equal to one of those
  uint64_t different = 0;  // runs of which no two are equal
  bool is_complete = true;
  std::set<std::string> known_met;           // keys
  std::optional<program::Program> schedule;  // with a finding
  Outcome outcome;                           // of that schedule
};

struct ExploreOptions {
  unsigned preemptions = 1;
  size_t from = 0;  // operation; those before it only prepare the exploration
  std::vector<std::string> known = {};
  std::optional<std::chrono::steady_clock::time_point> deadline = {};
  bool leaves_out_equal = true;
  bool goes_past_findings = false;  // continue after a finding
  bool record = false;              // record steps for on_run
  // Called after every run.
  std::function<void(const Exploration& so_far, const program::Program& schedule,
                     const Outcome& outcome)>
      on_run = [](const Exploration&, const program::Program&, const Outcome&) {};
};

// If the caller of an operation has to wait for a suspended operation, two schedules are tried: the
// suspended operation resumes first, or it resumes at the end and the operations whose callers
// would wait are skipped.
//
// Ends with the first finding that is not known, or at the deadline. Fewer preemptions come first.
// The program may have pauses of its own; at most program::max_suspended in all.
Exploration explore(const iova_variant& variant, const program::Program& program,
                    const ExploreOptions& options);

}  // namespace tool
