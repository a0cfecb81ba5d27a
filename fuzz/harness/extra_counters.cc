// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz/harness/extra_counters.h"

#include <cstdint>

__attribute__((section("__libfuzzer_extra_counters"),
               used)) static uint8_t counters[fuzz::extra_counters];

// Other engines know guards, those of AFL++ among them.
extern "C" __attribute__((weak)) uint8_t* __afl_area_ptr;
extern "C" __attribute__((weak)) void __sanitizer_cov_trace_pc_guard(uint32_t* guard);
extern "C" __attribute__((weak)) void __sanitizer_cov_trace_pc_guard_init(uint32_t* begin,
                                                                          uint32_t* end);
static uint32_t guards[fuzz::extra_counters];
static bool uses_guards() { return &__afl_area_ptr != nullptr; }
__attribute__((constructor)) static void make_guards() {
  if (uses_guards()) __sanitizer_cov_trace_pc_guard_init(guards, guards + fuzz::extra_counters);
}

void fuzz::count_extra(size_t counter) {
  counter %= extra_counters;
  counters[counter] = 1;
  if (uses_guards()) __sanitizer_cov_trace_pc_guard(&guards[counter]);
}
