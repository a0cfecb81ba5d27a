// SPDX-License-Identifier: GPL-2.0-only
// Contexts: what runs on one CPU, with the interrupts and locks that it holds. One runs at a time;
// a function that is started in a context of its own may be suspended in the midst of what it does,
// so that other CPUs go on, and resumed later. That is how operations overlap.
#pragma once

#include <cstddef>

namespace shim {

inline constexpr size_t max_suspended = 4;

// Runs function in a context of its own, on the current CPU, until it ends or calls
// suspend_context(). Returns true if it ended. The caller then goes on in its own context, on the
// CPU it was on; at most max_suspended may be suspended at a time.
bool start_context(void (*function)(void* argument), void* argument);
// Whether what runs was started by start_context().
bool in_started_context();
bool can_start_context();
// Goes back to who started or resumed this context.
void suspend_context();

size_t suspended_contexts();
// The CPU of the i-th, the oldest first.
unsigned cpu_of_suspended(size_t i);
bool is_busy(unsigned cpu);  // with a suspended one
// Lets the oldest one go on to its end.
void finish_oldest_context();

// What a context needs may be held by suspended ones: a lock, or a timer whose handler it must wait
// for. They are finished, as they would be on their CPUs while this one waits.
template <class Condition>
void wait_for_others(Condition is_over) {
  while (!is_over() && suspended_contexts()) finish_oldest_context();
}

}  // namespace shim
