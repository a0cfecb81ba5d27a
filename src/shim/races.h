// SPDX-License-Identifier: GPL-2.0-only
// Data races: two accesses to the same bytes by what may run at the same time, one of them a write
// and one of them not marked (atomic.h), that nothing orders. A program runs one operation after
// another, but its CPUs know nothing of each other: what the schedule at hand did not make visible
// is told as well.
//
// What runs in order is a strand: the tasks of a CPU, its timers, its works. Between strands, order
// comes from locks, from what is queued for a handler and waited for, from CPUs that come and go,
// from barriers around marked accesses to one address, and from callers (note_happens_before()):
// what comes before a write barrier is visible to who reads, marked, what is written, marked, after
// it, and then has a read barrier. Without the latter, a marked read still orders the writes that
// follow it, which may depend on it by a branch, and reads of the object that it read the address
// of. Where dependencies are not known, they are taken to be there, so that what is told is true.
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

// What a memory model orders or does not, one after another: accesses, as races() sees them, locks
// and barriers. A hardware flush reads what unmapping writes (store_buffer.h), after a full
// barrier, which drivers owe.
struct Ordered {
  enum Kind : uint8_t { read, write, update, barrier, lock, unlock } kind;
  bool is_marked;
  unsigned order;      // of a barrier: enum shim_order
  uintptr_t word;      // address / 8
  uint32_t operation;  // that did it
  std::string function;
};
// While races are watched, until the next call; NULL: nowhere.
void record_order(std::vector<Ordered>* into);

namespace facility {
extern std::vector<Ordered>* order_record;
void record_ordered(Ordered::Kind kind, const void* address, unsigned order = 0);
extern bool watches_races;
// Another judge of the same order (thread_sanitizer.h), told of strands by their number, and which
// one is at hand before each access. NULL: nobody.
struct OrderListener {
  void (*begin)();  // what is done so far happens before all of each strand
  void (*be)(unsigned strand);
  void (*before)(unsigned strand, const void* address);  // note_happens_before()
  void (*after)(unsigned strand, const void* address);
  void (*join)(unsigned from, unsigned to);
  void (*barrier)(unsigned strand, unsigned order);  // enum shim_order
  void (*marked)(unsigned strand, const void* address, bool is_write);
};
extern const OrderListener* order_listener;
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

// Of the shim itself: marked, and no function of the allocator.
inline void note_ordered(Ordered::Kind kind, const void* address, unsigned order = 0) {
  if (facility::order_record && facility::watches_races)
    facility::record_ordered(kind, address, order);
}
void note_happens_before(const void* address) {
  if (facility::watches_races) facility::note_happens_before(address);
}
void note_happens_after(const void* address) {
  if (facility::watches_races) facility::note_happens_after(address);
}

}  // namespace shim
