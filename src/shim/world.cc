// SPDX-License-Identifier: GPL-2.0-only
#include "world.h"

#include "fault.h"
#include "object.h"

namespace shim {
namespace {

void (*action_observer)(const char* function, unsigned long argument);

}  // namespace

void set_action_observer(void (*told)(const char* function, unsigned long argument)) {
  action_observer = told;
}

void facility::tell_action(const char* function, unsigned long argument) {
  if (action_observer) action_observer(function, argument);
}

void reset_world(unsigned cpus, unsigned hz) {
  plan_no_faults();
  facility::reset_task();
  facility::reset_contexts();
  facility::reset_locks();
  facility::reset_timekeeping(hz);
  facility::reset_rcu();
  facility::reset_cpus(cpus);
  facility::reset_slab();
  facility::reset_races();
  facility::reset_store_buffer();
}

void check_end_of_operation(const char* operation) {
  facility::check_locks_at_end_of_operation(operation);
  facility::check_rcu_at_end_of_operation(operation);
}

void check_end_of_run() {
  facility::check_timekeeping_at_end();
  facility::check_cpus_at_end();
  facility::check_rcu_at_end();
  facility::check_slab_at_end();
}

Census census() {
  return {live_objects(ObjectKind::kmalloc), live_objects(ObjectKind::cache_object),
          live_objects(ObjectKind::percpu),  live_objects(ObjectKind::vmalloc),
          live_objects(ObjectKind::page),    facility::live_caches(),
          facility::live_sheaves(),          facility::hotplug_instances(),
          facility::pending_events(),        facility::hotplug_state_registered()};
}

bool has_grown(const Census& before, const Census& now) {
  return now.kmalloc_objects + now.cache_objects > before.kmalloc_objects + before.cache_objects ||
         now.percpu_objects > before.percpu_objects ||
         now.vmalloc_objects > before.vmalloc_objects || now.pages > before.pages ||
         now.caches > before.caches || now.sheaves > before.sheaves ||
         now.hotplug_instances > before.hotplug_instances ||
         now.pending_events > before.pending_events || now.hotplug_state > before.hotplug_state;
}

void check_freed_memory(const void* memory, size_t size, const shim_site* site) {
  facility::check_freed_locks(memory, size, site);
  facility::check_freed_events(memory, size, site);
  facility::check_freed_callbacks(memory, size, site);
  facility::check_freed_instances(memory, size, site);
}

}  // namespace shim
