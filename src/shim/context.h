// SPDX-License-Identifier: GPL-2.0-only
// Contexts: each runs on one CPU and has its own locks and interrupt state. One context runs at a
// time. A function that is started in its own context may be suspended half-way, so that others
// run, and resumed later. This is how operations overlap.
//
// A context is suspended at a scheduling point: before each shim call that other contexts could
// notice, after each unlock, and before each marked access (atomic.h). The number of points passed
// is the only measure of the position, because it is the same for every compiler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "site.h"

namespace shim {

inline constexpr size_t max_suspended = 4;

// Runs function in a new context on the current CPU until it ends, calls suspend_context(), or
// reaches its points-th scheduling point (0: no point suspends it). Returns true if it ended. The
// caller then continues in its own context and on its own CPU. At most max_suspended contexts may
// be suspended. The current fault plan moves to the new context and comes back if function ended.
bool start_context(void (*function)(void* argument), void* argument, uint64_t points = 0);
// Whether the running code was started by start_context().
bool in_started_context();
bool can_start_context();
// Returns to the code that started or resumed this context.
void suspend_context();
// Calls function, which does not return, in the main context. The started contexts that are left
// this way are never resumed.
[[noreturn]] void leave_contexts(void (*function)());

struct Suspended {
  void* argument;
  unsigned cpu;
  const char* before;     // its scheduling point: "before a lock"
  const shim_site* site;  // NULL: unknown
};
// Number of suspended contexts; suspended(0) is the oldest.
size_t suspended_contexts();
Suspended suspended(size_t i);

// What may run on a CPU beside the contexts suspended there: nothing while interrupts are off, only
// interrupt handlers while preemption is off, else tasks too.
enum class Room : uint8_t { none, interrupts, tasks };
Room room_on(unsigned cpu);
// Whether a context is suspended on this CPU, whatever room it leaves.
bool is_busy(unsigned cpu);

// Whether no context is suspended on top of the i-th that must end before it.
bool can_resume(size_t i);
// Resumes the i-th context, to its end or for that many more points. Returns true if it ended.
bool resume_context(size_t i, uint64_t points = 0);
// Moves the i-th context to another CPU, on top of those suspended there. Both CPUs must have room
// for tasks.
void migrate_context(size_t i, unsigned cpu);
// Runs the i-th context to its end, after those on top of it.
void finish_context(size_t i);
inline void finish_oldest_context() { finish_context(0); }
bool may_migrate(size_t i);  // whether it was suspended with preemption on

// Called whenever one context replaces another: before() ahead of the switch, exchange() during it,
// with the argument of start_context() of the context that is entered or left.
struct ContextObserver {
  void (*before)() = [] {};
  void (*exchange)(void* argument) = [](void*) {};
};
void set_context_observer(const ContextObserver& observer);

// Called with true at every scheduling point, of started contexts and of the main one, and with
// false whenever another context continues without one: the context that is resumed or waited for,
// and then the one that waited. NULL for none. Takes effect with the next reset_world().
void set_point_observer(void (*observer)(bool at_point));

namespace facility {
extern uint64_t points_left;
void reach_point(const char* before, const shim_site* site);
void let_go_on(size_t i);  // the running context waits for the i-th
}  // namespace facility

inline void scheduling_point(const char* before, const shim_site* site) {
  if (facility::points_left && !--facility::points_left) facility::reach_point(before, site);
}

// Scope guard: no scheduling points, because the code is not the allocator's.
class Unscheduled {
 public:
  Unscheduled() : left_(std::exchange(facility::points_left, 0)) {}
  ~Unscheduled() { facility::points_left = left_; }
  Unscheduled(const Unscheduled&) = delete;

 private:
  uint64_t left_;
};

// Waits until is_over(). Suspended contexts may hold what the running one needs: a lock, or a timer
// whose handler must end. Each context i with blocks(i) continues from point to point, as it would
// on its own CPU, until the wait is over or no context blocks. A context that was started without
// points runs to its end.
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
