// SPDX-License-Identifier: GPL-2.0-only
// Schedules of a program: its operations in their order, some of them suspended at a scheduling
// point, and where those go on.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "program/program.h"

namespace tool {

struct Step {
  uint16_t operation;    // of the program; of what goes on, that one's
  uint16_t point = 0;    // it is suspended there, counted from where the step begins; 0: it is not
  uint8_t name = 0;      // of what is suspended there, or goes on
  bool resumes = false;  // something goes on that this schedule has suspended
};

struct Schedule {
  std::vector<Step> steps;

  explicit Schedule(const program::Program& program);
  // Two hashes: a billion schedules have two alike once in 10^20 explorations.
  using Key = std::pair<uint64_t, uint64_t>;
  Key key() const;
  // of_step: for each step, its operation there.
  program::Program to_program(const program::Program& program,
                              std::vector<size_t>* of_step = nullptr) const;
  // Of the step where that one goes on.
  size_t resume_of(size_t suspended) const;

  // The step is suspended at that point, until after another step.
  Schedule with_preemption(size_t step, unsigned point, uint8_t name, uint16_t operation,
                           size_t last) const;
};

}  // namespace tool
