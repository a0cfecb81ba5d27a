// SPDX-License-Identifier: GPL-2.0-only
// Limits of programs, each with its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace program {

// Checks of the whole state run between operations: more operations slow an execution without
// reaching deeper.
inline constexpr size_t max_operations = 1024;
// Calls into the allocator, with counts multiplied out, of a program in bytes. Bounds time and
// memory of an execution; filling the depot of one size takes a few hundred.
inline constexpr size_t max_calls = 16384;
// Calls of one operation in bytes: eight magazines' worth.
inline constexpr uint64_t max_count = 1024;
// Limits of text, which is run once: enough to measure the cost of an operation with up to 100,000
// ranges.
inline constexpr size_t max_calls_in_text = 262144;
inline constexpr uint64_t max_count_in_text = 131072;
// Two domains suffice to share the caches; the opcode byte has room for four.
inline constexpr unsigned max_domains = 4;
inline constexpr unsigned max_slots = 16;  // a..p, four bits
inline constexpr unsigned max_cpus = 8;    // enough for every relation of two CPUs to a third
// Pages. Rounding up to a power of two and adding to a pfn below stay far from overflow.
inline constexpr uint64_t max_size = uint64_t{1} << 52;
inline constexpr uint64_t max_tick = 100'000;  // ms, a thousand periods of the depot's work
// Suspended operations beside the running one. A fourth seldom adds new behaviour.
inline constexpr unsigned max_suspended = 4;
inline constexpr uint64_t max_point = 4096;  // for a counted operation, or rcache init

}  // namespace program
