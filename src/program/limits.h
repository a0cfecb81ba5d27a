// SPDX-License-Identifier: GPL-2.0-only
// The caps on programs, each with its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace program {

// Whole-state checks run between operations: more of them make an execution slow, not deeper.
inline constexpr size_t max_operations = 1024;
// Calls into the allocator, counts multiplied out. Bounds the time and memory of an execution;
// filling the depot of one size takes a few hundred.
inline constexpr size_t max_calls = 16384;
// Of one operation. Eight magazines' worth.
inline constexpr uint64_t max_count = 1024;
// Of text that is run once: enough to see how the cost of an operation grows to 100,000 ranges.
inline constexpr size_t max_calls_in_text = 262144;
inline constexpr uint64_t max_count_in_text = 131072;
// Sharing the caches shows with two; the opcode byte has room for four.
inline constexpr unsigned max_domains = 4;
inline constexpr unsigned max_slots = 16;  // names a..p, a nibble
inline constexpr unsigned max_cpus = 8;    // enough for every relation of two CPUs to a third
// Pages. Rounding up to a power of two and adding to a pfn below stay far from overflow.
inline constexpr uint64_t max_size = uint64_t{1} << 52;
inline constexpr uint64_t max_tick = 100'000;  // ms, a thousand periods of the depot's work
// Strands beside the one that goes on: what three hold up, a fourth one seldom changes.
inline constexpr unsigned max_suspended = 4;
inline constexpr uint64_t max_point = 4096;  // of a counted operation, or of rcache init

}  // namespace program
