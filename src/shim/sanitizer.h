// SPDX-License-Identifier: GPL-2.0-only
// Turns the reports of AddressSanitizer, MemorySanitizer and UndefinedBehaviorSanitizer into
// findings.
#pragma once

namespace shim {

// From now on, the finding handler receives each sanitizer report before the process dies: as
// slab-use-after-free or slab-out-of-bounds if the address belongs to an object of the shim, as
// wild-access if there is no memory at the address, else as asan-<kind> or ubsan-<kind>.
// MemorySanitizer's reports reach the handler even without this call, as slab-use-after-free or
// msan-unset-memory. Without AddressSanitizer, the handler receives deadly signals, as wild-access
// or signal-<name>; afterwards a program with a sanitizer aborts, another runs the previous signal
// handler. The function at fault is the allocator's innermost on the stack; a stack without one
// blames the shim or the harness.
void catch_sanitizer_reports();

}  // namespace shim
