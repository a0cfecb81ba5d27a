// SPDX-License-Identifier: GPL-2.0-only
// Footprints: the words of memory that a stretch of a run touches and that others may touch, too.
// Two stretches without a conflict have the same effect in either order, so a search over schedules
// needs only one of the two orders.
//
// A footprint has the accesses of instrumented code (races.h) and the effects of shim calls: each
// lock, work, timer and cache, and the set of CPUs, counts as one word. A free writes every word of
// its object. Objects allocated during a stretch are private to it and left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace shim {

// One entry for each touched word: 2 * the word's number, plus 1 if it is written.
using Footprint = std::vector<uint32_t>;

// Records into this footprint until the next call; NULL stops. Accesses of instrumented code are
// recorded only while races are watched.
void record_footprint(Footprint* into);
void sort_footprint(Footprint& footprint);
// Whether both touch a word that one of them writes. Both must be sorted.
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
