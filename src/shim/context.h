// SPDX-License-Identifier: GPL-2.0-only
// Contexts: what runs on one CPU, with the interrupts and locks that it holds. One runs at a time;
// a function that is started in a context of its own may be suspended in the midst of what it does,
// so that others go on, and resumed later. That is how operations overlap.
//
// It is suspended at a scheduling point: before each call into the shim that others could notice,
// after each lock that is released, and before each marked access (atomic.h). How many of them lie
// behind it, and nothing else, says where: that is the same for every compiler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "site.h"

namespace shim {

inline constexpr size_t max_suspended = 4;

// Runs function in a context of its own, on the current CPU, until it ends, calls
// suspend_context(), or comes to its points-th scheduling point (0: whichever, it goes on). Returns
// true if it ended. The caller then goes on in its own context, on the CPU it was on; at most
// max_suspended may be suspended at a time. The fault plan at hand goes with it, and comes back
// if it ended.
bool start_context(void (*function)(void* argument), void* argument, uint64_t points = 0);
// Whether what runs was started by start_context().
bool in_started_context();
bool can_start_context();
// Goes back to who started or resumed this context.
void suspend_context();
// Calls function, which does not return, where nobody started the context. Those that are left so
// are never resumed.
[[noreturn]] void leave_contexts(void (*function)());

struct Suspended {
  void* argument;
  unsigned cpu;
  const char* before;     // "spin_lock(lock)": what it does next
  const shim_site* site;  // NULL: unknown
};
// The oldest first: the i-th of suspended_contexts().
size_t suspended_contexts();
Suspended suspended(size_t i);

// What may run on a CPU beside what is suspended there: nothing while interrupts are off, interrupt
// handlers where preemption is.
enum class Room : uint8_t { none, interrupts, tasks };
Room room_on(unsigned cpu);
// With a suspended one, whatever room that leaves.
bool is_busy(unsigned cpu);

// Whether nothing that must end before it is suspended on top of it.
bool can_resume(size_t i);
// Lets the i-th one go on to its end, or to that many points more. Returns true if it ended.
bool resume_context(size_t i, uint64_t points = 0);
// It goes on on that CPU, where it is next on top. Room for tasks must be here and there.
void migrate_context(size_t i, unsigned cpu);
// To its end, with what is on top of it.
void finish_context(size_t i);
inline void finish_oldest_context() { finish_context(0); }
bool may_migrate(size_t i);  // preemption is on where it is

// Told whenever one context takes the place of another: before it, and while it happens with what
// was passed to start_context() by the one that is entered or left.
struct ContextObserver {
  void (*before)() = [] {};
  void (*exchange)(void* argument) = [](void*) {};
};
void set_context_observer(const ContextObserver& observer);

// Told of every scheduling point of contexts that somebody started or resumed, and of those that
// nobody did; and whenever, without one, another context goes on: what is resumed or waited for,
// and who waited. NULL for nobody. From the next world on.
void set_point_observer(void (*observer)(bool at_point));

namespace facility {
extern uint64_t points_left;
void reach_point(const char* before, const shim_site* site);
void let_go_on(size_t i);  // somebody waits for the i-th
}  // namespace facility

inline void scheduling_point(const char* before, const shim_site* site) {
  if (facility::points_left && !--facility::points_left) facility::reach_point(before, site);
}

// While it lives, what runs comes to no scheduling point: it is not the allocator's doing.
class Unscheduled {
 public:
  Unscheduled() : left_(std::exchange(facility::points_left, 0)) {}
  ~Unscheduled() { facility::points_left = left_; }
  Unscheduled(const Unscheduled&) = delete;

 private:
  uint64_t left_;
};

// What a context needs may be held by suspended ones: a lock, or a timer whose handler it must wait
// for. Those go on from point to point, as they would on their CPUs while this one waits, until it
// need not. One that was started without points goes on to its end.
template <class Condition, class Blocks>
void wait_for_others(Condition is_over, Blocks blocks) {
  while (!is_over()) {
    size_t i = 0;
    while (i < suspended_contexts() && !blocks(i)) i++;
    if (i == suspended_contexts()) return;
    facility::let_go_on(i);
  }
}

}  // namespace shim
