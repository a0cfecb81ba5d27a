/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The allocator's cost in steps: moves from a tree node to its neighbour, and removals. A CPU with
 * interrupts off can do nothing else, so the figure that matters is the longest stretch of steps
 * with interrupts off (locks.cc). An endless search is a finding, search-endless.
 */
#ifndef IOVAFUZZ_SHIM_COST_H
#define IOVAFUZZ_SHIM_COST_H

#ifdef __cplusplus
extern "C" {
#endif

void shim_count_step(void);

#ifdef __cplusplus
}

#include <cstdint>

namespace shim {

struct Cost {
  uint64_t steps;    // in total
  uint64_t longest;  // the most in one stretch with interrupts off
};
// Returns the cost since the last call of start_cost().
Cost cost();
void start_cost();

}  // namespace shim
#endif

#endif
