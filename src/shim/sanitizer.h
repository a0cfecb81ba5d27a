// SPDX-License-Identifier: GPL-2.0-only
// Turns the reports of AddressSanitizer and UndefinedBehaviorSanitizer into findings.
#pragma once

namespace shim {

// From now on, a sanitizer's report reaches the finding handler before the process dies of it:
// as slab-use-after-free or slab-out-of-bounds when it is about an object of the shim, else as
// asan-<kind> or ubsan-<kind>. In builds without sanitizers, deadly signals do, as signal-<name>.
void catch_sanitizer_reports();

}  // namespace shim
