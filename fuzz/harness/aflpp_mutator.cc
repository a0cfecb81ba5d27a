// SPDX-License-Identifier: GPL-2.0-only
// Mutates by operation as a custom mutator library of AFL++ (4.04c), one library per target:
//   AFL_CUSTOM_MUTATOR_LIBRARY=.../iova_tree.so afl-fuzz ...
// It mutates as libfuzzer.cc does for libFuzzer; AFL++ also mutates raw bytes itself.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "fuzz/target.h"
#include "program/mutation.h"

namespace {

struct State {
  uint64_t seed;
  program::Program program{};
  std::vector<uint8_t> bytes{};
  // Trimming of an entry: steps done, the operation to leave out next, and the program without it.
  int32_t trims = 0;
  size_t left_out = 0;
  program::Program trimmed{};
};

}  // namespace

extern "C" {

void* afl_custom_init(void*, unsigned seed) { return new State{.seed = seed}; }

void afl_custom_deinit(void* state) { delete static_cast<State*>(state); }

// Inputs made from an entry before AFL++ goes to the next. Without a limit, AFL++ stays on an entry
// while it finds anything, and imports inputs of other instances only between entries.
unsigned afl_custom_fuzz_count(void*, const uint8_t*, size_t) { return 256; }

const char* afl_custom_describe(void*, size_t) { return "operations"; }

size_t afl_custom_fuzz(void* data, uint8_t* input, size_t size, uint8_t** out, uint8_t* other,
                       size_t other_size, size_t max_size) {
  State& state = *static_cast<State*>(data);
  program::Mutator mutator(fuzz::this_target.operations, state.seed++);
  program::decode({input, size}, state.program);
  if (other && other_size && state.seed % 8 == 0)
    state.program = mutator.cross(state.program, program::decode({other, other_size}));
  else
    mutator.mutate(state.program);
  state.bytes = program::encode_within(state.program, max_size);
  if (state.bytes.empty()) state.bytes.push_back(0);  // AFL++ rejects empty inputs
  *out = state.bytes.data();
  return state.bytes.size();
}

// Each step removes one operation, from last to first. Skips entries that re-encode to more bytes,
// since AFL++ aborts if trimming makes an entry larger.
int32_t afl_custom_init_trim(void* data, uint8_t* input, size_t size) {
  State& state = *static_cast<State*>(data);
  program::decode({input, size}, state.program);
  state.trims = 0;
  state.left_out = state.program.operations.size();
  if (program::encode(state.program).size() > size) return 0;
  return static_cast<int32_t>(state.left_out);
}

size_t afl_custom_trim(void* data, uint8_t** out) {
  State& state = *static_cast<State*>(data);
  state.trimmed = state.program;
  state.left_out--;
  auto& operations = state.trimmed.operations;
  operations.erase(operations.begin() + static_cast<std::ptrdiff_t>(state.left_out));
  state.bytes = program::encode(state.trimmed);
  if (state.bytes.empty()) state.bytes.push_back(0);
  *out = state.bytes.data();
  return state.bytes.size();
}

int32_t afl_custom_post_trim(void* data, unsigned char reaches_the_same) {
  State& state = *static_cast<State*>(data);
  if (reaches_the_same) state.program = state.trimmed;
  return ++state.trims;
}

}  // extern "C"
