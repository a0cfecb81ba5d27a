// SPDX-License-Identifier: GPL-2.0-only
// Runs of schedules: which operation touched which words, in order. Decides whether schedules are
// equal, and derives the runs of schedules that were not run.
//
// Two schedules are equal if they differ only in the order of stretches whose footprints do not
// conflict (shim/footprint.h): each stretch then sees the same memory in both.
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
    uint16_t owner;    // operation of the program
    uint8_t cpu;       // 0xff: it does the same on every CPU
    bool at_point;     // begins at a scheduling point
    uint32_t touched;  // number of its footprint
  };
  struct OfStep {
    uint32_t first;  // index of its first stretch
    uint8_t cpu;     // where the step began
    bool skipped, hindered, suspended;
  };
  std::vector<Stretch> stretches;
  std::vector<OfStep> steps;

  size_t end_of(size_t step) const {
    return step + 1 < steps.size() ? steps[step + 1].first : stretches.size();
  }
  // The operation that the step runs or resumes; nullopt if the step has no stretch.
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

  // Derives the run of a schedule from an equal one that known(schedule) finds: with one preemption
  // less, or with a preemption that begins a point later or ends an operation earlier. A result of
  // known() is used only until the next call.
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

  // Whether the caller of the operation, in the place of that step, has to wait for an operation
  // that is suspended there; nullopt if no run has shown it yet.
  std::optional<bool> must_wait(const Ran& ran, size_t step, uint16_t operation) const;

  // A hash of the state before each stretch and at the end. Beginnings that differ only in the
  // order of stretches without conflicts have equal hashes.
  std::vector<uint64_t> states(const Ran& ran) const;

 private:
  bool conflict(uint32_t one, uint32_t other) const {
    return shim::conflict(all_[one], all_[other]);
  }
  uint32_t number_of(const shim::Footprint& footprint);
  // Whether the step depends on that CPU for another reason than that it runs there.
  bool names_cpu(const Schedule& schedule, size_t step, unsigned cpu) const;
  std::string with_suspended(const Ran& ran, size_t step, uint16_t operation) const;

  // The neighbours that foresee() asks for. is_less: without that preemption.
  std::optional<Schedule> with_later_pause(const Schedule& schedule, size_t step, size_t resume,
                                           bool is_less) const;
  std::optional<Schedule> with_earlier_resume(const Schedule& schedule, size_t step) const;
  // Derive the run of the schedule from the run of that neighbour.
  std::optional<Ran> with_earlier_pause(const Ran& ran, const Schedule& schedule, size_t step,
                                        size_t resume, bool is_less) const;
  std::optional<Ran> with_later_resume(const Ran& ran, const Schedule& schedule, size_t step) const;

  const program::Program& program_;
  std::vector<shim::Footprint> all_;
  std::unordered_multimap<uint64_t, uint32_t> numbers_;  // by hash
  std::set<std::string> wait_, need_not_wait_;           // keys of with_suspended()
};

}  // namespace tool
