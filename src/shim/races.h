// SPDX-License-Identifier: GPL-2.0-only
// Data races: two accesses to the same bytes that may happen at the same time because nothing
// orders them, at least one of them a write and at least one of them unmarked (atomic.h). A program
// runs one operation after another, but its CPUs are independent: a race is reported even if the
// schedule at hand hides its effect.
//
// A strand is a sequence of code that runs in order: the tasks of a CPU, its timers, or its works.
// Order between strands comes from locks, from queueing an event before its handler and waiting for
// its end, from CPU hotplug, from callers (note_happens_before()), and from barriers around marked
// accesses to one address: everything before a write barrier is visible to a strand that reads,
// marked, a marked write after that barrier, and then executes a read barrier. Without the read
// barrier, a marked read still orders later writes, which may depend on it through a branch, and
// reads of the object whose address it read. Dependencies that the detector cannot see are assumed
// to exist, so that every reported race is real.
//
// The detector sees accesses of code compiled with -fsanitize-coverage=trace-loads,trace-stores. It
// does not see copies of whole objects by memcpy() and the like, or accesses of the shim.
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

// Starts or stops watching for races. reset_world() stops it.
void watch_races(bool watch);
// Orders everything that this strand has done so far before whatever another strand does after a
// later note_happens_after() with the same address.
inline void note_happens_before(const void* address);
inline void note_happens_after(const void* address);
// In the order of their later accesses; only the first race between two places in the code.
std::vector<Race> races();

// An event for a memory model: an access that the detector sees, a lock or a barrier. A hardware
// flush is recorded as a full barrier, which drivers owe, and a read of what unmapping writes
// (store_buffer.h).
struct Ordered {
  enum Kind : uint8_t { read, write, update, barrier, lock, unlock } kind;
  bool is_marked;
  unsigned order;      // of a barrier: enum shim_order
  uintptr_t word;      // address / 8
  uint32_t operation;  // of the program
  std::string function;
};
// Records events in their order, while races are watched, until the next call; NULL stops.
void record_order(std::vector<Ordered>* into);

namespace facility {
extern std::vector<Ordered>* order_record;
void record_ordered(Ordered::Kind kind, const void* address, unsigned order = 0);
extern bool watches_races;
// Another judge of the same order (thread_sanitizer.h). It is called with the numbers of strands,
// and with the running strand before each access. NULL: none.
struct OrderListener {
  void (*begin)();  // everything so far happens before all strands
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

// Scope guard: does not watch accesses, because they inspect state outside any call.
class Unwatched {
 public:
  Unwatched() : before_(std::exchange(facility::watches_races, false)) {}
  ~Unwatched() { facility::watches_races = before_; }
  Unwatched(const Unwatched&) = delete;

 private:
  bool before_;
};

// Records an event of the shim itself: marked, and without a function of the allocator.
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
