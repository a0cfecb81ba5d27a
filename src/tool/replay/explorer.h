// SPDX-License-Identifier: GPL-2.0-only
// Every schedule of a program with so many preemptions: each operation suspended at each of its
// scheduling points, while one more of those that follow runs, and another, up to all of them. What
// is suspended may be so again, and so may what runs meanwhile.
//
// Of schedules that are equal (ran.h) one is run, whichever of their preemptions they differ in:
// what another comes to is foreseen from it, and where two of them have come to the same state,
// only the first goes on from there.
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
  uint64_t schedules = 0;  // that were run
  uint64_t equal = 0;      // left out, since each is equal to one of them
  uint64_t different = 0;  // of those that were run, no two equal
  bool is_complete = true;
  std::set<std::string> known_met;           // keys
  std::optional<program::Program> schedule;  // that shows something
  Outcome outcome;                           // of that
};

struct ExploreOptions {
  unsigned preemptions = 1;
  size_t from = 0;  // operation: those before it only prepare what is explored
  std::vector<std::string> known = {};
  std::optional<std::chrono::steady_clock::time_point> deadline = {};
  bool leaves_out_equal = true;
  bool goes_past_findings = false;  // and so does not end with the first
  bool record = false;              // steps, for on_run
  // Told of every schedule that was run.
  std::function<void(const Exploration& so_far, const program::Program& schedule,
                     const Outcome& outcome)>
      on_run = [](const Exploration&, const program::Program&, const Outcome&) {};
};

// Where a caller has to wait for what is suspended, that is resumed; or it goes on at the end, and
// whatever has to wait is left out.
//
// Ends with the first that shows what is not known, or at the deadline. Fewer preemptions come
// first. The program may have pauses of its own; at most program::max_suspended in all.
Exploration explore(const iova_variant& variant, const program::Program& program,
                    const ExploreOptions& options);

}  // namespace tool
