// SPDX-License-Identifier: GPL-2.0-only
// The world: all state of the shim during one run, reset as a whole between runs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "site.h"

struct kmem_cache;
struct shim_lock_class;

namespace shim {

// Resets the world to its state after boot: cpus possible CPUs (1..SHIM_MAX_CPUS), all online, CPU
// 0 current. hz: jiffies per second, 0 for SHIM_HZ. The cost grows with the memory that the
// previous run touched.
void reset_world(unsigned cpus, unsigned hz = 0);

// Raises lock_held_at_end, irqs_off_at_end or rcu_reading_at_end.
void check_end_of_operation(const char* operation);
// Raises a finding for everything that is left: objects, sheaves, caches, work, timers, hotplug.
void check_end_of_run();

// Counts of all resources, equal before and after an operation without effect.
struct Census {
  size_t kmalloc_objects, cache_objects, percpu_objects, vmalloc_objects, pages, caches, sheaves,
      hotplug_instances, pending_events;
  bool hotplug_state;
  bool operator==(const Census&) const = default;
};
Census census();
// Whether there is more of anything.
bool has_grown(const Census& before, const Census& now);

// Called before each action of an engine (shim_cpu_offline(), shim_advance() and the like); NULL
// for none.
void set_action_observer(void (*observer)(const char* function, unsigned long argument));

// Called with memory that is about to be freed: raises a finding if a held lock, pending work, a
// pending timer, a waiting RCU callback or a hotplug instance lies in it. For the shim's own
// allocators.
void check_freed_memory(const void* memory, size_t size, const shim_site* site);

// A held lock, and the lock state of a context (locks.cc).
struct HeldLock {
  struct shim_lock* lock;
  bool sleeping;  // a mutex
  const shim_site* site;
  bool needs_irqs_off = false;  // until it is released: taken with spin_lock_irqsave() or the like
  bool had_irqs_off = false;    // before
};
struct LockState {
  std::array<HeldLock, 16> held;
  int held_count;
  int irqs_off;      // irqsave nesting plus interrupt nesting
  int preempt_off;   // nesting of preempt_disable()
  int in_interrupt;  // nesting
  int rcu_readers;   // nesting of read-side sections
  int in_timer;      // timer handlers, counted above too: softirqs, in which interrupts are on
  int bh_off;        // nesting of local_bh_disable()
};

// Functions of the facilities that implement the above; each is defined beside its state.
enum class Room : uint8_t;  // context.h
namespace facility {
void tell_action(const char* function, unsigned long argument);
void exchange_locks(LockState& other);
void forget_locks(const LockState& of);
const LockState& locks_of_suspended(size_t i);
Room room_beside(const LockState& state);
Room room_here();  // beside the running context
// Identities of contexts; NULL for the main one, which nobody started.
const void* context_at_hand();
const void* suspended_context(size_t i);
int& rcu_readers_here();  // of the running context
void note_rcu_reader();
// Fills in the classes of the held locks, outermost first; leaves the rest of the span unchanged.
void held_lock_classes(std::span<const shim_lock_class*> held);
uint64_t lock_changes();  // how often the held locks may have changed
void enter_timer();
void exit_timer();
// Sets the event whose handler runs, or NULL; returns the previous one.
const void* exchange_running_handler(const void* event);
bool is_in_handler();  // of work, whose thread stays on its CPU, or of a timer
bool is_in_timer();
// A CPU went offline, so everything on it has ended; a CPU came online.
void note_cpu_dead(unsigned cpu);
void note_cpu_alive(unsigned cpu);
// A task moved to another CPU.
void note_migration(unsigned from, unsigned to);
void reset_races();
void reset_task();  // the settings of the kernel's own fault injection (task.h)
void reset_store_buffer();
void reset_contexts();
void reset_slab();
void reset_locks();
void reset_timekeeping(unsigned hz);
void reset_rcu();
void reset_cpus(unsigned cpus);
size_t live_caches();
size_t live_sheaves();
// Ends a grace period, since time moves, unless a read-side section is open.
void end_grace_period();
// Frees the objects of this cache that wait in kfree_rcu().
void finish_kfree_rcu(const kmem_cache* cache);
size_t pending_events();
size_t hotplug_instances();
bool hotplug_state_registered();
void check_slab_at_end();
void check_rcu_at_end();
void check_timekeeping_at_end();
void check_cpus_at_end();
void check_locks_at_end_of_operation(const char* operation);
void check_freed_locks(const void* memory, size_t size, const shim_site* site);
void check_rcu_at_end_of_operation(const char* operation);
void check_freed_callbacks(const void* memory, size_t size, const shim_site* site);
void check_freed_events(const void* memory, size_t size, const shim_site* site);
void check_freed_instances(const void* memory, size_t size, const shim_site* site);
}  // namespace facility

}  // namespace shim
