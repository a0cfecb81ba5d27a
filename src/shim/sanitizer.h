// SPDX-License-Identifier: GPL-2.0-only
// Turns the reports of AddressSanitizer, MemorySanitizer and UndefinedBehaviorSanitizer into
// findings.
#pragma once

namespace shim {

// From now on, a sanitizer's report reaches the finding handler before the process dies of it:
// as slab-use-after-free or slab-out-of-bounds when it is about an object of the shim, as
// wild-access when there is no memory at all, else as asan-<kind> or ubsan-<kind>.
// MemorySanitizer's do always, as slab-use-after-free or msan-unset-memory. Without
// AddressSanitizer, deadly signals do, as wild-access or signal-<name>; what handled them before
// does so afterwards. The function at fault is the allocator's innermost on the stack; a stack
// without one blames the shim or the harness.
void catch_sanitizer_reports();

}  // namespace shim
