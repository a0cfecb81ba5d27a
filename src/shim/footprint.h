// SPDX-License-Identifier: GPL-2.0-only
// Footprints: the memory that a stretch of a run touches, as far as others may touch it, too. Two
// stretches whose footprints do not conflict come to the same in either order: who explores
// schedules needs to see only one of them.
//
// They have the accesses of code that is compiled for that (races.h), and what the shim's calls
// come to: a lock, a work or timer, a cache, the set of CPUs are each one word that is touched.
// Objects that were made during a stretch are its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace shim {

// Of each word that is touched, sorted: 2 * a number for it, + 1 if it is written.
using Footprint = std::vector<uint32_t>;

// What happens from now on goes there, until the next call; NULL: nowhere. Accesses are seen only
// while races are watched.
void record_footprint(Footprint* into);
void sort_footprint(Footprint& footprint);
// Both sorted.
bool conflict(const Footprint& one, const Footprint& other);

namespace facility {
extern Footprint* footprint;
void note_touch(const void* address, size_t bytes, bool is_write);
}  // namespace facility

inline void note_touch(const void* address, size_t bytes, bool is_write) {
  if (facility::footprint) facility::note_touch(address, bytes, is_write);
}
inline void note_read(const void* of_one_word) { note_touch(of_one_word, 1, false); }
inline void note_change(const void* of_one_word) { note_touch(of_one_word, 1, true); }

}  // namespace shim
