// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/harness/costs.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cstdio>

// Costs are reported as coverage: a counter per operation and cost class; each class is an eighth
// larger than the one before.
constexpr size_t cost_classes = 256;
constexpr size_t cost_count = program::operation_count * cost_classes;
__attribute__((section("__libfuzzer_extra_counters"),
               used)) static uint8_t cost_counters[cost_count];

// AFL++ and other engines have no extra counters and use guards instead.
extern "C" __attribute__((weak)) uint8_t* __afl_area_ptr;
extern "C" __attribute__((weak)) void __sanitizer_cov_trace_pc_guard(uint32_t* guard);
extern "C" __attribute__((weak)) void __sanitizer_cov_trace_pc_guard_init(uint32_t* begin,
                                                                          uint32_t* end);
static uint32_t cost_guards[cost_count];
static bool uses_guards() { return &__afl_area_ptr != nullptr; }
__attribute__((constructor)) static void make_guards() {
  if (uses_guards()) __sanitizer_cov_trace_pc_guard_init(cost_guards, cost_guards + cost_count);
}

static size_t cost_class(uint64_t steps) {
  if (steps < 8) return steps;
  unsigned octave = static_cast<unsigned>(std::bit_width(steps)) - 4;
  return std::min<size_t>((octave + 1) * 8 + (steps >> octave & 7), cost_classes - 1);
}

void fuzz::note_costs(const program::Program& program, const std::vector<uint64_t>& costs) {
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
