// SPDX-License-Identifier: GPL-2.0-only
// Counters that engines take for code coverage, for what an input did and no branch tells.
#pragma once

#include <cstddef>

namespace fuzz {

inline constexpr size_t extra_counters = 32768;

// In this input, that has happened. Counters are taken modulo their number.
void count_extra(size_t counter);

}  // namespace fuzz
