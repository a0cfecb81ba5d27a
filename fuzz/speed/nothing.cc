// SPDX-License-Identifier: GPL-2.0-only
// What libFuzzer itself takes: a target that does nothing.
#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t*, size_t) { return 0; }
