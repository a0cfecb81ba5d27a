// SPDX-License-Identifier: GPL-2.0-only
#include "locks.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>
#include <vector>

#include "call_chain.h"
#include "context.h"
#include "cost.h"
#include "cpu.h"
#include "finding.h"
#include "footprint.h"
#include "races.h"
#include "rcu.h"
#include "store_buffer.h"
#include "world.h"

namespace shim {
namespace {

constexpr int max_classes = 64;

shim_lock_class* classes[max_classes];  // by index; index 0 means unassigned
int class_count = 1;

LockState state;  // of the context that runs
auto& held = state.held;
int &held_count = state.held_count, &irqs_off = state.irqs_off, &in_interrupt = state.in_interrupt;
int& in_timer = state.in_timer;

// Lock usage in this run. after[i] has bit j set if class j was taken while i was held.
uint64_t after[max_classes];
// Handlers of timers are interrupted by others, and softirqs off keep those alone away.
uint64_t taken_in_interrupt, taken_in_softirq, taken_with_irqs_on, taken_with_softirqs_on;

uint64_t changes;  // of held locks, so far

// Scheduling points.
const char *const before_lock = "before a lock", *const after_lock = "after an unlock";

// An RCU reader comes after everything done under locks, since writers publish under locks.
const char published = 0;

// cost.h
uint64_t steps, stretch_start, longest_stretch;
// A search that passes each range of the longest program a few times takes an eighth of this.
constexpr uint64_t most_steps = uint64_t{1} << 22;

void note_stretch_end() {
  if (steps - stretch_start > longest_stretch) longest_stretch = steps - stretch_start;
}

int index_of(shim_lock_class* lock_class) {
  if (classes[lock_class->index] == lock_class) return lock_class->index;
  // The class is new, or its memory was restored to its state before it got an index.
  int index = 1;
  while (index < class_count && classes[index] != lock_class) index++;
  if (index == max_classes) {
    fmt::print(stderr, "the shim supports at most {} lock classes\n", max_classes);
    abort();
  }
  if (index == class_count) classes[class_count++] = lock_class;
  return lock_class->index = index;
}

std::string name(const shim_lock& lock) {
  return fmt::format("{} of {}()", lock.lock_class->name, lock.lock_class->function);
}

// All classes that were ever taken, directly or not, after the given one.
uint64_t reachable(int from) {
  uint64_t seen = 0, next = uint64_t{1} << from;
  while (next) {
    int i = __builtin_ctzll(next);
    next &= next - 1;
    uint64_t fresh = after[i] & ~seen;
    seen |= fresh;
    next |= fresh;
  }
  return seen;
}

void note_order(const shim_lock& lock, int index, bool nested, const shim_site* site) {
  for (int i = 0; i < held_count; i++) {
    int outer = index_of(held[i].lock->lock_class);
    uint64_t bit = uint64_t{1} << index;
    if (after[outer] & bit || (nested && outer == index)) continue;
    if (outer == index || reachable(index) >> outer & 1)
      raise(oracle::lock_order, site,
            fmt::format(
                "{} is taken while {} is held; elsewhere they are taken in the opposite order",
                name(lock), name(*held[i].lock)));
    after[outer] |= bit;
  }
}

bool in_hard_interrupt() { return in_interrupt > in_timer; }
bool hard_interrupts_off() { return irqs_off > in_timer; }

// is_tried: who only tries does not wait for what he interrupts.
void note_context(const shim_lock& lock, int index, bool is_tried, const shim_site* site) {
  uint64_t bit = uint64_t{1} << index;
  if (!is_tried && in_hard_interrupt()) taken_in_interrupt |= bit;
  if (!is_tried && in_timer && !in_hard_interrupt()) taken_in_softirq |= bit;
  if (!hard_interrupts_off()) taken_with_irqs_on |= bit;
  if (!hard_interrupts_off() && !in_timer && !state.bh_off) taken_with_softirqs_on |= bit;
  if (((taken_in_interrupt & taken_with_irqs_on) | (taken_in_softirq & taken_with_softirqs_on)) &
      bit)
    raise(oracle::lock_irq_unsafe, site, name(lock));
}

// What is held from now on with interrupts on.
void note_context_of_held(const shim_site* site) {
  for (int i = 0; i < held_count; i++)
    if (!held[i].sleeping)
      note_context(*held[i].lock, index_of(held[i].lock->lock_class), true, site);
}

// Whoever has them off relies on that. Tells whether they may be switched on.
bool may_switch_irqs_on(const shim_site* site) {
  if (in_hard_interrupt()) {
    raise(oracle::irqs_on_early, site, "in an interrupt handler");
    return false;
  }
  for (int i = held_count; i-- > 0;)
    if (held[i].needs_irqs_off) {
      raise(oracle::irqs_on_early, site, fmt::format("while {} is held", name(*held[i].lock)),
            held[i].lock);
      return false;
    }
  return true;
}

HeldLock* held_here(const shim_lock* lock) {
  for (int i = held_count; i-- > 0;)
    if (held[i].lock == lock) return &held[i];
  return nullptr;
}

bool is_initialized(const shim_lock* lock, const shim_site* site) {
  if (lock->magic == SHIM_LOCK_MAGIC) return true;
  raise(oracle::lock_uninitialized, site, "its memory is not an initialized lock", lock);
  return false;
}

bool holds(const LockState& other, const shim_lock* lock) {
  return std::any_of(other.held.begin(), other.held.begin() + other.held_count,
                     [lock](const HeldLock& one) { return one.lock == lock; });
}

// A suspended context on this CPU cannot release a spinlock, since it never runs while this one
// spins.
bool comes_from(size_t i, const shim_lock* lock, bool sleeping) {
  return holds(facility::locks_of_suspended(i), lock) &&
         (sleeping || suspended(i).cpu != raw_smp_processor_id());
}

std::string holder_of(const shim_lock& lock) {
  for (size_t i = 0; i < suspended_contexts(); i++)
    if (holds(facility::locks_of_suspended(i), &lock))
      return fmt::format("a context that is suspended on CPU {}", suspended(i).cpu);
  return "a context that waits for this one";
}

void take(shim_lock* lock, bool sleeping, const shim_site* site);

// nested: the caller vouches for the order among locks of one class.
void acquire(shim_lock* lock, bool sleeping, const shim_site* site, bool nested = false) {
  if (!is_initialized(lock, site)) return;
  if (lock->dep_map.held && held_here(lock)) {
    raise(oracle::lock_recursion, site, name(*lock), lock);
    return;
  }
  note_read(lock);
  wait_for_others([lock] { return !lock->dep_map.held; },
                  [=](size_t i) { return comes_from(i, lock, sleeping); });
  if (lock->dep_map.held) {
    raise(oracle::lock_deadlock, site, fmt::format("{}, held by {}", name(*lock), holder_of(*lock)),
          lock);
    return;
  }
  int index = index_of(lock->lock_class);
  note_order(*lock, index, nested, site);
  if (!sleeping) note_context(*lock, index, false, site);
  take(lock, sleeping, site);
}

// Nobody has it.
void take(shim_lock* lock, bool sleeping, const shim_site* site) {
  if (held_count == int{held.size()}) {
    fmt::print(stderr, "the shim supports at most {} held locks\n", held.size());
    abort();
  }
  note_change(lock);
  lock->dep_map.held = 1;
  lock->dep_map.taken++;
  held[held_count++] = {lock, sleeping, site};
  changes++;
  note_happens_after(lock);
  facility::buffer_acquire(lock);
  note_ordered(Ordered::lock, lock);
}

void mark_taken_with_irqs_off(const shim_lock* lock, bool were_off) {
  if (HeldLock* one = held_here(lock)) one->needs_irqs_off = true, one->had_irqs_off = were_off;
}
bool was_taken_with_irqs_off(const shim_lock* lock) {
  const HeldLock* one = held_here(lock);
  return one && one->needs_irqs_off && one->had_irqs_off;
}

void release(shim_lock* lock, const shim_site* site) {
  if (!is_initialized(lock, site)) return;
  for (int i = held_count; i-- > 0;) {
    if (held[i].lock != lock) continue;
    for (; i + 1 < held_count; i++) held[i] = held[i + 1];
    held_count--;
    changes++;
    note_change(lock);
    lock->dep_map.held = 0;
    note_happens_before(lock);
    note_happens_before(&published);
    facility::buffer_release(lock);
    note_ordered(Ordered::unlock, lock);
    return;
  }
  raise(oracle::lock_not_held, site, name(*lock), lock);
}

}  // namespace

// A run that was given up may leave locks marked as held; mutexes outlive the run.
void facility::forget_locks(const LockState& of) {
  for (int i = 0; i < of.held_count; i++)
    if (of.held[i].sleeping) of.held[i].lock->dep_map.held = 0;
}

void facility::reset_locks() {
  forget_locks(state);
  held_count = irqs_off = in_interrupt = in_timer = state.preempt_off = state.rcu_readers = 0;
  state.bh_off = 0;
  for (int i = 0; i < class_count; i++) after[i] = 0;
  taken_in_interrupt = taken_in_softirq = taken_with_irqs_on = taken_with_softirqs_on = 0;
  changes++;
}

Cost cost() { return {steps, longest_stretch}; }
void start_cost() { steps = stretch_start = longest_stretch = 0; }

void facility::exchange_locks(LockState& other) {
  std::swap(state, other);
  changes++;
}
uint64_t facility::lock_changes() { return changes; }
int& facility::rcu_readers_here() { return state.rcu_readers; }
void facility::note_rcu_reader() { note_happens_after(&published); }

void facility::held_lock_classes(std::span<const shim_lock_class*> classes_held) {
  for (size_t i = 0; i < classes_held.size() && i < static_cast<size_t>(held_count); i++)
    classes_held[i] = held[i].lock->lock_class;
}

void facility::enter_timer() {
  irqs_off++;
  in_interrupt++;
  in_timer++;
}

void facility::exit_timer() {
  irqs_off--;
  in_interrupt--;
  in_timer--;
}

void facility::check_locks_at_end_of_operation(const char* operation) {
  if (held_count)
    raise(oracle::lock_held_at_end, held[held_count - 1].site,
          fmt::format("{} ended with {} held", operation, name(*held[held_count - 1].lock)));
  if (irqs_off)
    raise(Finding{&oracle::irqs_off_at_end, operation, "",
                  fmt::format("{} ended with interrupts off", operation), nullptr});
  if (state.preempt_off)
    raise(Finding{&oracle::lock_held_at_end, operation, "",
                  fmt::format("{} ended with preemption off", operation), nullptr});
  if (state.bh_off)
    raise(Finding{&oracle::lock_held_at_end, operation, "",
                  fmt::format("{} ended with softirqs off", operation), nullptr});
}

void facility::check_freed_locks(const void* memory, size_t size, const shim_site* site) {
  const auto check = [&](const LockState& holder) {
    for (int i = 0; i < holder.held_count; i++) {
      const char* lock = reinterpret_cast<const char*>(holder.held[i].lock);
      const char* start = static_cast<const char*>(memory);
      if (lock >= start && lock < start + size)
        raise(oracle::lock_freed_held, site, name(*holder.held[i].lock), memory);
    }
  };
  check(state);
  for (size_t i = 0; i < suspended_contexts(); i++) check(locks_of_suspended(i));
}

// The reason why the task can neither sleep nor migrate, or NULL.
static const char* why_atomic() {
  if (in_interrupt) return "in an interrupt handler";
  if (irqs_off) return "interrupts are off";
  if (state.preempt_off) return "preemption is off";
  if (state.bh_off) return "softirqs are off";
  for (int i = 0; i < held_count; i++)
    if (!held[i].sleeping) return "a spinlock is held";
  return nullptr;
}

bool runs_in_interrupt() { return in_interrupt; }

Room facility::room_beside(const LockState& other) {
  // With softirqs off there is room for hard interrupts, which nobody tells from timers.
  if (other.irqs_off > other.in_timer || other.bh_off) return Room::none;
  if (other.in_timer || other.preempt_off) return Room::interrupts;
  for (int i = 0; i < other.held_count; i++)
    if (!other.held[i].sleeping) return Room::interrupts;
  return Room::tasks;
}
Room facility::room_here() { return room_beside(state); }

}  // namespace shim

using namespace shim;

extern "C" {

void shim_count_step(void) {
  if (++steps - stretch_start < most_steps) return;
  const std::vector<CallSite> callers = call_chain();
  raise(Finding{&oracle::search_endless, callers.empty() ? "?" : callers[0].function, "",
                fmt::format("{} steps without an end", most_steps), nullptr});
}

void shim_lock_init(shim_lock* lock, shim_lock_class* lock_class) {
  *lock = {lock_class, SHIM_LOCK_MAGIC, {0, 0}};
}

void(spin_lock)(spinlock_t* lock, const shim_site* site) {
  scheduling_point(before_lock, site);
  acquire(lock, false, site);
}
void shim_spin_lock_nested(spinlock_t* lock, const shim_site* site) {
  scheduling_point(before_lock, site);
  acquire(lock, false, site, true);
}
void(spin_unlock)(spinlock_t* lock, const shim_site* site) {
  release(lock, site);
  scheduling_point(after_lock, site);
}

static unsigned long lock_irqsave(spinlock_t* lock, bool nested, const shim_site* site) {
  scheduling_point(before_lock, site);
  int flags = irqs_off++;
  if (flags == in_timer) stretch_start = steps;
  acquire(lock, false, site, nested);
  mark_taken_with_irqs_off(lock, flags > in_timer);
  return static_cast<unsigned long>(flags);
}
unsigned long shim_spin_lock_irqsave(spinlock_t* lock, const shim_site* site) {
  return lock_irqsave(lock, false, site);
}
unsigned long shim_spin_lock_irqsave_nested(spinlock_t* lock, const shim_site* site) {
  return lock_irqsave(lock, true, site);
}

void(spin_unlock_irqrestore)(spinlock_t* lock, unsigned long flags, const shim_site* site) {
  release(lock, site);
  if (static_cast<int>(flags) == in_timer)
    shim_local_irq_enable(site);
  else
    irqs_off = static_cast<int>(flags);
  scheduling_point(after_lock, site);
}

void(spin_lock_irq)(spinlock_t* lock, const shim_site* site) {
  scheduling_point(before_lock, site);
  const bool were_off = hard_interrupts_off();
  shim_local_irq_disable();
  acquire(lock, false, site);
  mark_taken_with_irqs_off(lock, were_off);
}

void(spin_unlock_irq)(spinlock_t* lock, const shim_site* site) {
  const bool were_off = was_taken_with_irqs_off(lock);
  release(lock, site);
  if (were_off && !in_hard_interrupt())
    raise(oracle::irqs_on_early, site,
          fmt::format("interrupts were off before {} was taken", name(*lock)), lock);
  else
    shim_local_irq_enable(site);
  scheduling_point(after_lock, site);
}

void(spin_lock_bh)(spinlock_t* lock, const shim_site* site) {
  scheduling_point(before_lock, site);
  shim_local_bh_disable();
  acquire(lock, false, site);
}

void(spin_unlock_bh)(spinlock_t* lock, const shim_site* site) {
  release(lock, site);
  shim_local_bh_enable(site);
  scheduling_point(after_lock, site);
}

int(spin_trylock)(spinlock_t* lock, const shim_site* site) {
  scheduling_point(before_lock, site);
  if (!is_initialized(lock, site)) return 0;
  note_read(lock);
  if (lock->dep_map.held) return 0;
  note_context(*lock, index_of(lock->lock_class), true, site);
  take(lock, false, site);
  return 1;
}

bool spin_is_locked(spinlock_t* lock) { return lock->dep_map.held; }

void(assert_spin_locked)(spinlock_t* lock, const shim_site* site) {
  if (is_initialized(lock, site) && !lock->dep_map.held)
    raise(oracle::lock_not_held, site, name(*lock), lock);
}

bool shim_lock_is_held(const lockdep_map* map) {
  if (map == &rcu_callback_map) return map->held;
  for (int i = 0; i < held_count; i++)
    if (&held[i].lock->dep_map == map) return true;
  return false;
}

unsigned shim_lock_sequence(const lockdep_map* map) {
  return shim_lock_is_held(map) ? map->taken : ~0u;
}

void(mutex_lock)(mutex* mutex, const shim_site* site) {
  (might_sleep)(site);
  scheduling_point(before_lock, site);
  acquire(&mutex->lock, true, site);
}

void(mutex_unlock)(mutex* mutex, const shim_site* site) {
  release(&mutex->lock, site);
  scheduling_point(after_lock, site);
}

void(might_sleep)(const shim_site* site) {
  const char* why = state.rcu_readers ? "in an RCU read-side section" : why_atomic();
  if (why) raise(oracle::sleep_in_atomic, site, why);
}

unsigned int shim_stable_processor_id(const shim_site* site) {
  if (!why_atomic() && !facility::is_in_handler())
    raise(oracle::cpu_preemptible, site, "preemption is on");
  return raw_smp_processor_id();
}

void shim_preempt_disable(void) { state.preempt_off++; }

void shim_preempt_enable(const shim_site* site) {
  if (!state.preempt_off) return raise(oracle::lock_not_held, site, "preemption is not off");
  state.preempt_off--;
}

void shim_local_bh_disable(void) { state.bh_off++; }

void shim_local_bh_enable(const shim_site* site) {
  if (!state.bh_off) return raise(oracle::lock_not_held, site, "softirqs are not off");
  state.bh_off--;
  if (!hard_interrupts_off()) note_context_of_held(site);
}

bool shim_is_given_up(void) { return std::uncaught_exceptions(); }

unsigned long shim_local_irq_save(void) {
  int flags = irqs_off;
  shim_local_irq_disable();
  return static_cast<unsigned long>(flags);
}

void shim_local_irq_restore(unsigned long flags, const shim_site* site) {
  if (static_cast<int>(flags) == in_timer) shim_local_irq_enable(site);
}

void shim_local_irq_disable(void) {
  if (hard_interrupts_off()) return;
  irqs_off++;
  stretch_start = steps;
}

void shim_local_irq_enable(const shim_site* site) {
  if (!hard_interrupts_off() || !may_switch_irqs_on(site)) return;
  note_stretch_end();
  irqs_off = in_timer;
  note_context_of_held(site);
}

bool irqs_disabled(void) { return hard_interrupts_off(); }

void shim_irq_enter(void) {
  if (irqs_off++ == in_timer) stretch_start = steps;
  in_interrupt++;
}

void shim_irq_exit(void) {
  in_interrupt--;
  if (--irqs_off == in_timer) note_stretch_end();
}

}  // extern "C"
