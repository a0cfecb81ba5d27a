// SPDX-License-Identifier: GPL-2.0-only
// Mutation by operation as a custom mutator library of AFL++ (4.04c), one for each target:
//   AFL_CUSTOM_MUTATOR_LIBRARY=.../iova_tree.so afl-fuzz ...
// It does what libfuzzer.cc has libFuzzer do; raw bytes are mutated by AFL++ itself.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "fuzz/targets.h"
#include "program/mutation.h"

namespace {

struct State {
  uint64_t seed;
  program::Program program;
  std::vector<uint8_t> bytes;
};

}  // namespace

extern "C" {

void* afl_custom_init(void*, unsigned seed) { return new State{seed, {}, {}}; }

void afl_custom_deinit(void* state) { delete static_cast<State*>(state); }

size_t afl_custom_fuzz(void* data, uint8_t* input, size_t size, uint8_t** out, uint8_t* other,
                       size_t other_size, size_t max_size) {
  State& state = *static_cast<State*>(data);
  program::Mutator mutator(fuzz::IOVAFUZZ_TARGET.operations, state.seed++);
  program::decode({input, size}, state.program);
  if (other && other_size && state.seed % 8 == 0)
    state.program = mutator.cross(state.program, program::decode({other, other_size}));
  else
    mutator.mutate(state.program);
  state.bytes = program::encode_within(state.program, max_size);
  if (state.bytes.empty()) state.bytes.push_back(0);  // AFL++ takes no empty input
  *out = state.bytes.data();
  return state.bytes.size();
}

}  // extern "C"
