// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/harness/costs.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cstdio>

#include "fuzz/harness/extra_counters.h"

// What an operation costs is taken for code coverage: a counter for each operation and class of
// cost, an eighth larger than the one before.
constexpr size_t cost_classes = 256;
constexpr size_t cost_count = program::operation_count * cost_classes;
static_assert(cost_count <= fuzz::extra_counters);

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
    count_extra(counter);
    if (costs[i] <= record + record / 8) continue;
    record = costs[i];
    fmt::print(stderr, "==iovafuzz== costliest so far: {} steps with interrupts off, by {}\n",
               record, program::print(program.operations[i]));
  }
}
