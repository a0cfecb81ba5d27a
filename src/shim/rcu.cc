// SPDX-License-Identifier: GPL-2.0-only
#include "rcu.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <list>
#include <utility>
#include <vector>

#include "context.h"
#include "finding.h"
#include "footprint.h"
#include "locks.h"
#include "object.h"
#include "races.h"
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
// Callbacks whose grace period is over. One context runs them one after another and may be
// suspended meanwhile.
struct Batch {
  const void* context;
  Callback under_way;
  std::vector<Callback> left;  // the oldest first
};
std::list<Batch> batches;
int readers;  // open sections of all contexts
// All dereferences of an unprotected walk are one mistake, so it is reported once per operation.
constexpr uint32_t nowhere = outside_program - 1;
uint32_t told_in = nowhere;

template <class Function>
void for_each_queued(Function function) {
  for (const Batch& batch : batches)
    for (const Callback& callback : batch.left) function(callback);
  for (const Callback& callback : waiting) function(callback);
}

void add(rcu_head* head, const void* object, const shim_site* site) {
  note_change(&readers);
  note_happens_before(head);
  for_each_queued([&](const Callback& other) {
    if (other.head == head)
      raise(oracle::rcu_double_call, site, fmt::format("queued in {}()", other.site->function),
            head);
  });
  waiting.push_back({head, object, site});
}

void run(const Callback& callback) {
  note_happens_after(callback.head);
  if (callback.object) return (kfree)(callback.object, callback.site);
  shim_irq_enter();
  ++rcu_callback_map.held;
  callback.head->func(callback.head);
  --rcu_callback_map.held;
  shim_irq_exit();
}

void run_batch(std::vector<Callback> callbacks) {
  note_change(&readers);
  note_happens_after(&readers);
  batches.push_back({facility::context_at_hand(), {}, std::move(callbacks)});
  const auto batch = std::prev(batches.end());
  while (!batch->left.empty()) {
    batch->under_way = batch->left.front();
    batch->left.erase(batch->left.begin());
    run(batch->under_way);
  }
  batches.erase(batch);
  note_change(&readers);
  note_happens_before(&batches);
}

// Runs the callbacks that wait now. Those that they queue wait for the next grace period.
void run_waiting() {
  if (!waiting.empty()) run_batch(std::exchange(waiting, {}));
}

void wait_for_readers() {
  note_change(&readers);
  wait_for_others([] { return readers == facility::rcu_readers_here(); },
                  [](size_t i) { return facility::locks_of_suspended(i).rcu_readers > 0; });
  note_happens_after(&readers);
}

// Waits for the wanted batches of suspended contexts.
template <class Wanted>
void wait_for_batches(Wanted wanted) {
  note_read(&readers);
  const auto some_batch = [&](auto is) {
    return std::any_of(batches.begin(), batches.end(),
                       [&](const Batch& batch) { return is(batch.context) && wanted(batch); });
  };
  wait_for_others(
      [&] {
        const void* here = facility::context_at_hand();
        return !some_batch([=](const void* context) { return context != here; });
      },
      [&](size_t i) {
        const void* there = facility::suspended_context(i);
        return some_batch([=](const void* context) { return context == there; });
      });
  note_happens_after(&batches);
}

}  // namespace

void facility::reset_rcu() {
  waiting.clear();
  batches.clear();
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
  wait_for_batches([&](const Batch& batch) {
    return is_of_cache(batch.under_way) ||
           std::any_of(batch.left.begin(), batch.left.end(), is_of_cache);
  });
  if (std::none_of(waiting.begin(), waiting.end(), is_of_cache)) return;
  wait_for_readers();
  const auto others = std::stable_partition(waiting.begin(), waiting.end(), is_of_cache);
  std::vector<Callback> of_cache(waiting.begin(), others);
  waiting.erase(waiting.begin(), others);
  run_batch(std::move(of_cache));
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
  for_each_queued([&](const Callback& callback) {
    const char* at = reinterpret_cast<const char*>(callback.head);
    const char* start = static_cast<const char*>(memory);
    if (at >= start && at < start + size)
      raise(oracle::rcu_freed_waiting, site, fmt::format("queued in {}()", callback.site->function),
            memory);
  });
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
  note_happens_before(&readers);
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
  wait_for_batches([](const Batch&) { return true; });
}

void shim_check_rcu_access(bool is_protected, const shim_site* site) {
  if (is_protected || told_in == current_operation()) return;
  told_in = current_operation();
  raise(oracle::rcu_unprotected, site, "");
}

}  // extern "C"
