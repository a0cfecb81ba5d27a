// SPDX-License-Identifier: GPL-2.0-only
// Baseline: a target that does nothing, to measure the overhead of libFuzzer.
#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t*, size_t) { return 0; }
