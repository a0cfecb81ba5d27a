// SPDX-License-Identifier: GPL-2.0-only
// Mutation by operation: programs from programs, for any fuzzing engine.
#pragma once

#include <cstdint>
#include <span>

#include "program/program.h"

namespace program {

// Deterministic: the same seed and arguments make the same program.
class Mutator {
 public:
  // Inserts only the given operations, and those that they need.
  Mutator(std::span<const OpCode> operations, uint64_t seed);

  // One to a few changes. The result is within the limits.
  void mutate(Program& program);
  // A beginning of one program followed by an end of the other.
  Program cross(const Program& first, const Program& second);

 private:
  uint64_t random(uint64_t bound);  // 0 .. bound - 1
  bool one_in(uint64_t n) { return random(n) == 0; }

  void insert(Program& program);
  void insert_copies(Program& program);
  void erase(Program& program);
  void swap(Program& program);
  void change_operand(Program& program);
  void change_faults(Program& program);

  Operation random_operation();
  void randomize(Operation& operation, size_t operand);
  Operation random_fault();

  std::span<const OpCode> operations_;
  uint64_t total_weight_ = 0;
  uint64_t state_;
};

}  // namespace program
