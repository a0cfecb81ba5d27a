// SPDX-License-Identifier: GPL-2.0-only
// Schedules as they ran: who touched what, in order; which of them are equal, and what others come
// to that nobody ran.
//
// Two schedules are equal if they differ only in the order of stretches that touch nothing in
// common (shim/footprint.h): each stretch then meets the same, wherever it is.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/engine.h"
#include "tool/replay/schedule.h"

namespace tool {

struct Ran {
  struct Stretch {
    uint16_t owner;    // an operation of the program
    uint8_t cpu;       // anywhere: it does the same on each
    bool at_point;     // it begins at a scheduling point
    uint32_t touched;  // a number for its footprint
  };
  struct OfStep {
    uint32_t first;  // stretch
    uint8_t cpu;     // where it was begun
    bool skipped, hindered, suspended;
  };
  std::vector<Stretch> stretches;
  std::vector<OfStep> steps;

  size_t end_of(size_t step) const {
    return step + 1 < steps.size() ? steps[step + 1].first : stretches.size();
  }
  // Of what the step does or lets go on. Nothing: it has no stretch.
  std::optional<uint16_t> owner_of(size_t step) const {
    if (steps[step].first == end_of(step)) return std::nullopt;
    return stretches[end_of(step) - 1].owner;
  }
};

class Reduction {
 public:
  explicit Reduction(const program::Program& program) : program_(program) {}

  Ran read(const Schedule& schedule, const std::vector<size_t>& of_step,
           const engine::Footprints& footprints);

  // What a schedule comes to, if it is equal to one of those that known(schedule) finds: one with a
  // preemption less, or with one that begins a point later or ends an operation earlier. Only one
  // is asked for at a time.
  template <class Known>
  std::optional<Ran> foresee(const Schedule& schedule, Known known) const {
    for (size_t step = 0; step < schedule.steps.size(); step++) {
      if (!schedule.steps[step].point) continue;
      const size_t resume = schedule.resume_of(step);
      for (bool is_less : {false, true})
        if (std::optional<Schedule> later = with_later_pause(schedule, step, resume, is_less))
          if (const Ran* ran = known(*later))
            if (std::optional<Ran> moved =
                    with_earlier_pause(*ran, schedule, step, resume, is_less))
              return moved;
      if (std::optional<Schedule> earlier = with_earlier_resume(schedule, step))
        if (const Ran* ran = known(*earlier))
          if (std::optional<Ran> moved = with_later_resume(*ran, schedule, step)) return moved;
    }
    return std::nullopt;
  }

  // Whether the caller of an operation in the place of that step has to wait for what is suspended
  // there; nothing: that was not seen yet.
  std::optional<bool> must_wait(const Ran& ran, size_t step, uint16_t operation) const;

  // Before each stretch, and at the end: equal for two beginnings that differ only in the order of
  // what touches nothing in common.
  std::vector<uint64_t> states(const Ran& ran) const;

 private:
  bool conflict(uint32_t one, uint32_t other) const {
    return shim::conflict(all_[one], all_[other]);
  }
  uint32_t number_of(const shim::Footprint& footprint);
  // The step has to do with that CPU, beside what it does there.
  bool names_cpu(const Schedule& schedule, size_t step, unsigned cpu) const;
  std::string with_suspended(const Ran& ran, size_t step, uint16_t operation) const;

  // is_less: without that preemption.
  std::optional<Schedule> with_later_pause(const Schedule& schedule, size_t step, size_t resume,
                                           bool is_less) const;
  std::optional<Schedule> with_earlier_resume(const Schedule& schedule, size_t step) const;
  // From those to the schedule.
  std::optional<Ran> with_earlier_pause(const Ran& ran, const Schedule& schedule, size_t step,
                                        size_t resume, bool is_less) const;
  std::optional<Ran> with_later_resume(const Ran& ran, const Schedule& schedule, size_t step) const;

  const program::Program& program_;
  std::vector<shim::Footprint> all_;
  std::unordered_multimap<uint64_t, uint32_t> numbers_;  // by hash
  std::set<std::string> wait_, need_not_wait_;           // operations, and what is suspended there
};

}  // namespace tool
