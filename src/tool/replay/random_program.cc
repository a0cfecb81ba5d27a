// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/random_program.h"

#include <random>

#include "program/mutation.h"

namespace tool {

program::Program random_program(uint64_t seed, uint64_t number, const std::vector<Input>& inputs,
                                std::span<const program::OpCode> operations) {
  constexpr uint64_t most_mutations = 24, inputs_one_in = 16;
  std::seed_seq sequence{seed, seed >> 32, number, number >> 32};
  std::mt19937 random(sequence);
  program::Program program;
  if (!inputs.empty() && random() % inputs_one_in == 0)
    program = inputs[random() % inputs.size()].program;
  for (uint64_t left = 1 + random() % most_mutations; left; left--)
    program::Mutator(operations, random()).mutate(program);
  return program;
}

}  // namespace tool
