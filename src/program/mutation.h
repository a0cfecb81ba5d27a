// SPDX-License-Identifier: GPL-2.0-only
// Mutation of whole operations, independent of the fuzzing engine.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "program/program.h"

namespace program {

// Deterministic: the same seed and arguments make the same program.
class Mutator {
 public:
  // Inserts only the given operations and those that they need.
  Mutator(std::span<const OpCode> operations, uint64_t seed);

  // One to a few changes. The result is within the limits.
  void mutate(Program& program);
  // The head of one program followed by the tail of the other.
  Program cross(const Program& first, const Program& second);

 private:
  uint64_t random(uint64_t bound);  // 0 .. bound - 1
  bool one_in(uint64_t n) { return random(n) == 0; }

  void insert(Program& program);
  void insert_copies(Program& program);
  void erase(Program& program);
  void swap(Program& program);
  void change_operand(Program& program);
  void change_count(Program& program);
  void borrow_operand(Program& program);
  void change_faults(Program& program);

  void change_pauses(Program& program);
  void insert_recipe(Program& program);

  // recipes.cc
  std::vector<Operation> fill_and_drain();
  std::vector<Operation> squeeze();
  std::vector<Operation> use_and_take_offline();
  std::vector<Operation> overlap_with_flushes();
  std::vector<Operation> contend_for_magazines();
  std::vector<Operation> fail_and_retry(const Program& program);
  std::vector<Operation> act_beside(const Program& program, size_t& at);
  void insert_with_needs(Program& program, size_t at, std::span<const Operation> run);
  size_t place(const Program& program);
  bool offers(OpCode code) const;
  uint64_t random_size();
  uint64_t random_magazine_count();
  uint64_t random_point(const Operation& operation);

  Operation random_operation();
  void randomize(Operation& operation, size_t operand);
  Operation random_fault();
  Operation random_cpu(OpCode code);
  void change_mask(Value& mask);

  std::span<const OpCode> operations_;
  uint64_t total_weight_ = 0;
  uint64_t state_;
};

}  // namespace program
