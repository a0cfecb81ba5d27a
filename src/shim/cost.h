/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the allocator's work costs, in steps: moves from a node of the tree to its neighbour, and
 * removals. While interrupts are off a CPU can do nothing else, so what counts is the longest
 * stretch of that (locks.cc). A search that does not end is a finding, search-endless.
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
  uint64_t steps;    // all
  uint64_t longest;  // the most in one stretch with interrupts off
};
// Since the last call of start_cost().
Cost cost();
void start_cost();

}  // namespace shim
#endif

#endif
