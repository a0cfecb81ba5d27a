// SPDX-License-Identifier: GPL-2.0-only
// Data races: two accesses to the same bytes by what may run at the same time, one of them a write
// and one of them not marked (atomic.h), that nothing orders. A program runs one operation after
// another, but its CPUs know nothing of each other: what the schedule at hand did not make visible
// is told as well.
//
// What runs in order is a strand: the tasks of a CPU, its timers, its works. Between strands, order
// comes from locks, from what is queued for a handler and waited for, from CPUs that come and go,
// from marked accesses to one address, and from callers (note_happens_before()). Marked accesses
// order more here than they promise on hardware, so that what is told is true: a barrier that is
// missing is not seen.
//
// Accesses are those of code that is compiled with -fsanitize-coverage=trace-loads,trace-stores.
// Copies of whole objects by memcpy() and its like are not among them, nor what the shim does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace shim {

struct RacingAccess {
  std::string function;  // of the allocator
  bool is_write, is_marked;
  size_t bytes;
  std::string strand;  // "CPU 1", "timer on CPU 0"
  std::string locks;   // held: "no lock", or their names
  size_t held;         // how many
  uint32_t operation;  // that made it (object.h)
};
struct Race {
  RacingAccess earlier, later;
  const void* address;
};

// From now on to the end of the run, or no more. A world that is reset watches nothing.
void watch_races(bool watch);
// What is done on this strand so far happens before what is done on one that comes to
// note_happens_after() the same address later.
inline void note_happens_before(const void* address);
inline void note_happens_after(const void* address);
// In order of their later access: of two places in the code only the first.
std::vector<Race> races();

namespace facility {
extern bool watches_races;
void note_happens_before(const void* address);
void note_happens_after(const void* address);
}  // namespace facility

// While it lives, accesses are nobody's: of a look at what no call is into.
class Unwatched {
 public:
  Unwatched() : before_(std::exchange(facility::watches_races, false)) {}
  ~Unwatched() { facility::watches_races = before_; }
  Unwatched(const Unwatched&) = delete;

 private:
  bool before_;
};

void note_happens_before(const void* address) {
  if (facility::watches_races) facility::note_happens_before(address);
}
void note_happens_after(const void* address) {
  if (facility::watches_races) facility::note_happens_after(address);
}

}  // namespace shim
