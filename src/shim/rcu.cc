// SPDX-License-Identifier: GPL-2.0-only
#include "rcu.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "context.h"
#include "finding.h"
#include "footprint.h"
#include "locks.h"
#include "object.h"
#include "slab.h"
#include "world.h"

lockdep_map rcu_callback_map;  // rcu.h

namespace shim {
namespace {

struct Callback {
  rcu_head* head;
  const void* object;  // of kfree_rcu(); NULL: head's function is called
  const shim_site* site;
};

std::vector<Callback> waiting;  // the oldest first
int readers;                    // open sections of all contexts
// All dereferences of an unprotected walk are one mistake, so it is reported once per operation.
constexpr uint32_t nowhere = outside_program - 1;
uint32_t told_in = nowhere;

void add(rcu_head* head, const void* object, const shim_site* site) {
  note_change(&readers);
  for (const Callback& other : waiting)
    if (other.head == head)
      raise(oracle::rcu_double_call, site, fmt::format("queued in {}()", other.site->function),
            head);
  waiting.push_back({head, object, site});
}

void run(const Callback& callback) {
  if (callback.object) return (kfree)(callback.object, callback.site);
  shim_irq_enter();
  ++rcu_callback_map.held;
  callback.head->func(callback.head);
  --rcu_callback_map.held;
  shim_irq_exit();
}

// Runs the callbacks that wait now. Those that they queue wait for the next grace period.
void run_waiting() {
  for (const Callback& callback : std::exchange(waiting, {})) run(callback);
}

void wait_for_readers() {
  note_change(&readers);
  wait_for_others([] { return readers == facility::rcu_readers_here(); },
                  [](size_t i) { return facility::locks_of_suspended(i).rcu_readers > 0; });
}

}  // namespace

void facility::reset_rcu() {
  waiting.clear();
  readers = 0;
  told_in = nowhere;
  rcu_callback_map.held = 0;
}

void facility::end_grace_period() {
  if (!waiting.empty() && !readers) run_waiting();
}

void facility::finish_kfree_rcu(const kmem_cache* cache) {
  auto is_of_cache = [cache](const Callback& callback) {
    const Object* object = callback.object ? object_at(callback.object) : nullptr;
    return object && object->cache == cache;
  };
  if (std::none_of(waiting.begin(), waiting.end(), is_of_cache)) return;
  wait_for_readers();
  for (const Callback& callback : std::exchange(waiting, {}))
    is_of_cache(callback) ? run(callback) : waiting.push_back(callback);
}

// No reader is left. Callbacks may queue further ones, until none waits.
void facility::check_rcu_at_end() {
  while (!waiting.empty()) run_waiting();
}

void facility::check_rcu_at_end_of_operation(const char* operation) {
  if (rcu_readers_here())
    raise(Finding{&oracle::rcu_reading_at_end, operation, "",
                  fmt::format("{} ended in a read-side section", operation), nullptr});
}

void facility::check_freed_callbacks(const void* memory, size_t size, const shim_site* site) {
  for (const Callback& callback : waiting) {
    const char* at = reinterpret_cast<const char*>(callback.head);
    const char* start = static_cast<const char*>(memory);
    if (at >= start && at < start + size)
      raise(oracle::rcu_freed_waiting, site, fmt::format("queued in {}()", callback.site->function),
            memory);
  }
}

}  // namespace shim

using namespace shim;

extern "C" {

void shim_rcu_read_lock(void) {
  scheduling_point("before rcu_read_lock()", nullptr);
  note_change(&readers);
  facility::rcu_readers_here()++;
  facility::note_rcu_reader();
  readers++;
}

void shim_rcu_read_unlock(const shim_site* site) {
  if (!facility::rcu_readers_here()) {
    raise(oracle::rcu_not_reading, site, "");
    return;
  }
  facility::rcu_readers_here()--;
  readers--;
  scheduling_point("after rcu_read_unlock()", site);
}

bool rcu_read_lock_held(void) { return facility::rcu_readers_here(); }

void(call_rcu)(rcu_head* head, void (*func)(rcu_head*), const shim_site* site) {
  scheduling_point("before call_rcu()", site);
  add(head, nullptr, site);
  head->func = func;
}

void shim_kfree_rcu(rcu_head* head, const void* object, const shim_site* site) {
  scheduling_point("before kfree_rcu()", site);
  add(head, object, site);
}

void(synchronize_rcu)(const shim_site* site) {
  (might_sleep)(site);
  wait_for_readers();
}

void(rcu_barrier)(const shim_site* site) {
  (might_sleep)(site);
  wait_for_readers();
  run_waiting();
}

void shim_check_rcu_access(bool is_protected, const shim_site* site) {
  if (is_protected || told_in == current_operation()) return;
  told_in = current_operation();
  raise(oracle::rcu_unprotected, site, "");
}

}  // extern "C"
