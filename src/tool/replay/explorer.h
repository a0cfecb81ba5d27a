// SPDX-License-Identifier: GPL-2.0-only
// Every schedule of a program with so many preemptions: each operation suspended at each of its
// scheduling points, while one more of those that follow runs, and another, up to all of them. What
// is suspended may be so again, and so may what runs meanwhile.
//
// Two schedules are equal if they differ only in the order of stretches that touch nothing in
// common (shim/footprint.h). Of those one is run: a preemption moves to the next point where what
// it would hold up has nothing to do with what runs instead, and ends before an operation that has
// nothing to do with what is held up.
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
  bool is_complete = true;
  std::set<std::string> known_met;           // keys
  std::optional<program::Program> schedule;  // that shows something
  Outcome outcome;                           // of that
};

// Ends with the first that shows what is not known, or at the deadline. Fewer preemptions come
// first. The program may have pauses of its own; at most program::max_suspended in all.
Exploration explore(const iova_variant& variant, const program::Program& program,
                    unsigned preemptions, const std::vector<std::string>& known,
                    std::optional<std::chrono::steady_clock::time_point> deadline,
                    const std::function<void(const Exploration&)>& on_progress);

}  // namespace tool
