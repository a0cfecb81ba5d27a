// SPDX-License-Identifier: GPL-2.0-only
// The entry points of a target for libFuzzer and its relatives.
//
// IOVAFUZZ_TARGET is given by the build, as is the variant (variant.cc).
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "engine/compare.h"
#include "engine/engine.h"
#include "fuzz/common_edge.h"
#include "fuzz/entry.h"
#include "fuzz/targets.h"
#include "program/mutation.h"

// What an operation costs is taken for code coverage: a counter for each operation and class of
// cost, an eighth larger than the one before.
constexpr size_t cost_classes = 256;
constexpr size_t cost_count = program::operation_count * cost_classes;
__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t cost_counters[cost_count];

// Other engines know guards, those of AFL++ among them.
extern "C" __attribute__((weak)) uint8_t* __afl_area_ptr;
extern "C" __attribute__((weak)) void __sanitizer_cov_trace_pc_guard(uint32_t* guard);
extern "C" __attribute__((weak)) void __sanitizer_cov_trace_pc_guard_init(uint32_t* begin,
                                                                           uint32_t* end);
static uint32_t cost_guards[cost_count];
static bool uses_guards() { return &__afl_area_ptr != nullptr; }
__attribute__((constructor)) static void make_guards() {
  if (fuzz::IOVAFUZZ_TARGET.seeks_cost && uses_guards())
    __sanitizer_cov_trace_pc_guard_init(cost_guards, cost_guards + cost_count);
}

static size_t cost_class(uint64_t steps) {
  if (steps < 8) return steps;
  unsigned octave = static_cast<unsigned>(std::bit_width(steps)) - 4;
  return std::min<size_t>((octave + 1) * 8 + (steps >> octave & 7), cost_classes - 1);
}

static void note_costs(const program::Program& program, const std::vector<uint64_t>& costs) {
  static uint64_t record;
  for (size_t i = 0; i < costs.size(); i++) {
    program::OpCode code = program.operations[i].code;
    size_t counter = static_cast<size_t>(code) * cost_classes + cost_class(costs[i]);
    cost_counters[counter] = 1;
    if (uses_guards()) __sanitizer_cov_trace_pc_guard(&cost_guards[counter]);
    if (costs[i] <= record + record / 8) continue;
    record = costs[i];
    fmt::print(stderr, "==iovafuzz== costliest so far: {} steps with interrupts off, by {}\n",
               record, program::print(program.operations[i]));
  }
}

static const std::vector<std::string>& run(const program::Program& program) {
  const engine::Options options{.known = fuzz::known(fuzz::variant.name)};
  if (fuzz::IOVAFUZZ_TARGET.compares)
    return engine::expect_same(*fuzz::likeness, fuzz::variant, program, options);
  const engine::Result& result = engine::run(fuzz::variant, program, options);
  if (fuzz::IOVAFUZZ_TARGET.seeks_cost) note_costs(program, result.costs);
  return result.known_met;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static program::Program program;
  fuzz::reach_common_edge();
  program::decode({data, size}, program);
  for (const std::string& key : run(program)) fuzz::announce(key);
  return 0;
}

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

static size_t store(const program::Program& program, uint8_t* data, size_t max_size) {
  std::vector<uint8_t> bytes = program::encode_within(program, max_size);
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  if (fuzz::uses_stock_mutators() || seed % 16 == 0) return LLVMFuzzerMutate(data, size, max_size);
  static program::Program program;
  program::decode({data, size}, program);
  program::Mutator(fuzz::IOVAFUZZ_TARGET.operations, seed).mutate(program);
  return store(program, data, max_size);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* data1, size_t size1,
                                            const uint8_t* data2, size_t size2, uint8_t* out,
                                            size_t max_out_size, unsigned seed) {
  if (fuzz::uses_stock_mutators()) {  // which cross, too
    size_t size = std::min(size1, max_out_size);
    std::copy_n(data1, size, out);
    return LLVMFuzzerMutate(out, size, max_out_size);
  }
  program::Program program = program::Mutator(fuzz::IOVAFUZZ_TARGET.operations, seed)
                                 .cross(program::decode({data1, size1}),
                                        program::decode({data2, size2}));
  return store(program, out, max_out_size);
}
