// SPDX-License-Identifier: GPL-2.0-only
// Schedules of a program: its operations in order, the scheduling points where some of them are
// suspended, and where these resume.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "program/program.h"

namespace tool {

struct Step {
  uint16_t operation;    // index in the program; of a resume, the resumed operation
  uint16_t point = 0;    // where it is suspended, counted from the step's start; 0: nowhere
  uint8_t name = 0;      // of the suspended or resumed strand
  bool resumes = false;  // resumes an operation that this schedule suspended
};

struct Schedule {
  std::vector<Step> steps;

  explicit Schedule(const program::Program& program);
  // Two 64-bit hashes: among a billion schedules, two keys collide once in 10^20 explorations.
  using Key = std::pair<uint64_t, uint64_t>;
  Key key() const;
  // of_step: for each step, the index of its operation in the result.
  program::Program to_program(const program::Program& program,
                              std::vector<size_t>* of_step = nullptr) const;
  // Index of the step that resumes the suspended one.
  size_t resume_of(size_t suspended) const;

  // Suspends the step at that point and resumes it after the step `last`. operation: the resumed
  // one.
  Schedule with_preemption(size_t step, unsigned point, uint8_t name, uint16_t operation,
                           size_t last) const;
};

}  // namespace tool
