// SPDX-License-Identifier: GPL-2.0-only
#include "cpu.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <vector>

#include "context.h"
#include "fault.h"
#include "finding.h"
#include "footprint.h"
#include "locks.h"
#include "races.h"
#include "world.h"

namespace shim {
namespace {

unsigned possible = 1, current, online = 1;  // online is a bit mask

bool registered;
cpuhp_state registered_state;
shim_cpuhp_callback startup_callback, dead_callback;
const shim_site* registered_at;
std::vector<hlist_node*> instances;  // oldest first

// Whether a CPU is going offline or coming online, and the context that does it. Other such changes
// and changes of instances wait for that, as for cpus_write_lock().
bool is_changing;
const void* changed_by;

void wait_for_change() {
  note_read(&is_changing);
  wait_for_others([] { return !is_changing; },
                  [](size_t i) { return facility::suspended_context(i) == changed_by; });
}

bool is_instance(const hlist_node* node) {
  return std::find(instances.begin(), instances.end(), node) != instances.end();
}

// Instances that a CPU is changed for, in the order of their callbacks.
std::vector<hlist_node*> begin_change(const char* before) {
  note_change(&is_changing);
  is_changing = true;
  changed_by = facility::context_at_hand();
  scheduling_point(before, nullptr);
  note_happens_after(&instances);
  note_read(&instances);
  return {instances.rbegin(), instances.rend()};
}
void end_change() {
  note_happens_before(&instances);
  note_change(&is_changing);
  is_changing = false;
}

void tear_down(unsigned cpu, hlist_node* node) {
  if (!dead_callback) return;
  if (int error = dead_callback(cpu, node))
    raise(oracle::cpuhp_dead_failed, registered_at, fmt::format("returned {}", error), node);
}

bool is_registered(cpuhp_state state) {
  note_read(&registered);
  return registered && state == registered_state;
}

}  // namespace

void facility::reset_cpus(unsigned cpus) {
  possible = cpus;
  online = (1u << cpus) - 1;
  current = 0;
  registered = false;
  startup_callback = dead_callback = nullptr;
  registered_at = nullptr;
  instances.clear();
  is_changing = false;
}

size_t facility::hotplug_instances() { return instances.size(); }
bool facility::hotplug_state_registered() { return registered; }

void facility::check_cpus_at_end() {
  for (const hlist_node* node : instances)
    raise(oracle::cpuhp_instance_left, registered_at,
          fmt::format("{} instances are left", instances.size()), node);
  if (registered) raise(oracle::cpuhp_state_left, registered_at, "");
}

void facility::check_freed_instances(const void* memory, size_t size, const shim_site* site) {
  for (const hlist_node* node : instances) {
    const char* at = reinterpret_cast<const char*>(node);
    const char* start = static_cast<const char*>(memory);
    if (at >= start && at < start + size) raise(oracle::cpuhp_freed_instance, site, "", memory);
  }
}

}  // namespace shim

using namespace shim;

extern "C" {

unsigned num_possible_cpus(void) { return possible; }
unsigned num_online_cpus(void) {
  note_read(&online);
  return __builtin_popcount(online);
}
bool cpu_online(unsigned cpu) { return cpu < possible && online >> cpu & 1; }
unsigned raw_smp_processor_id(void) { return current; }

unsigned shim_next_online_cpu(unsigned cpu) {
  note_read(&online);
  while (cpu < possible && !cpu_online(cpu)) cpu++;
  return cpu;
}

void shim_set_current_cpu(unsigned cpu) {
  facility::tell_action(__func__, cpu);
  current = cpu;
}

void shim_cpu_offline(unsigned cpu) {
  facility::tell_action(__func__, cpu);
  wait_for_change();
  note_change(&online);
  online &= ~(1u << cpu);
  if (current == cpu) current = shim_next_online_cpu(0);
  facility::note_cpu_dead(cpu);
  note_read(&registered);
  if (!registered || !dead_callback) return;
  for (hlist_node* node : begin_change("before the callbacks for a dead CPU")) tear_down(cpu, node);
  end_change();
}

int shim_cpu_online(unsigned cpu) {
  facility::tell_action(__func__, cpu);
  wait_for_change();
  int error = 0;
  note_read(&registered);
  if (registered && startup_callback) {
    const std::vector<hlist_node*> called = begin_change("before the callbacks for a new CPU");
    size_t ready = 0;
    while (ready < called.size() && !(error = startup_callback(cpu, called[ready]))) ready++;
    if (error)
      for (size_t i = 0; i < ready; i++) tear_down(cpu, called[i]);
    end_change();
  }
  if (error) return error;
  note_change(&online);
  online |= 1u << cpu;
  facility::note_cpu_alive(cpu);
  return 0;
}

int(cpuhp_setup_state_multi)(cpuhp_state state, const char* name, shim_cpuhp_callback startup,
                             shim_cpuhp_callback teardown, const shim_site* site) {
  (might_sleep)(site);
  if (should_fail(FallibleCall::cpuhp, name, 0, GFP_KERNEL, site)) return -ENOMEM;
  if (registered) {
    raise(oracle::cpuhp_state_busy, site,
          fmt::format("{}, registered in {}()", name, registered_at->function));
    return -EBUSY;
  }
  note_change(&registered);
  registered = true;
  registered_state = state;
  startup_callback = startup;
  dead_callback = teardown;
  registered_at = site;
  return 0;
}

void(cpuhp_remove_multi_state)(cpuhp_state state, const shim_site* site) {
  (might_sleep)(site);
  wait_for_change();
  if (!is_registered(state)) return raise(oracle::cpuhp_not_registered, site, "on removal");
  if (!instances.empty())
    raise(oracle::cpuhp_instances_left, site, fmt::format("{} instances", instances.size()));
  note_change(&registered);
  registered = false;
  startup_callback = dead_callback = nullptr;
}

static int add_instance(cpuhp_state state, hlist_node* node, bool calls, const shim_site* site) {
  (might_sleep)(site);
  wait_for_change();
  if (should_fail(FallibleCall::cpuhp, "instance", 0, GFP_KERNEL, site)) return -ENOMEM;
  if (!is_registered(state)) {
    raise(oracle::cpuhp_not_registered, site, "on adding an instance");
    return -EINVAL;
  }
  if (is_instance(node)) {
    raise(oracle::cpuhp_double_add, site, "", node);
    return -EINVAL;
  }
  for (unsigned cpu = 0; calls && startup_callback && cpu < possible; cpu++) {
    const int error = cpu_online(cpu) ? startup_callback(cpu, node) : 0;
    if (!error) continue;
    for (unsigned ready = 0; ready < cpu; ready++)
      if (cpu_online(ready)) tear_down(ready, node);
    return error;
  }
  note_change(&instances);
  instances.push_back(node);
  note_happens_before(&instances);
  return 0;
}

int(cpuhp_state_add_instance_nocalls)(cpuhp_state state, hlist_node* node, const shim_site* site) {
  return add_instance(state, node, false, site);
}
int(cpuhp_state_add_instance)(cpuhp_state state, hlist_node* node, const shim_site* site) {
  return add_instance(state, node, true, site);
}

static int remove_instance(cpuhp_state state, hlist_node* node, bool calls, const shim_site* site) {
  (might_sleep)(site);
  scheduling_point("before the removal of a hotplug instance", site);
  wait_for_change();
  if (!is_registered(state)) {
    raise(oracle::cpuhp_not_registered, site, "on removing an instance");
    return -EINVAL;
  }
  if (!is_instance(node)) {
    raise(oracle::cpuhp_remove_absent, site, "", node);
    return 0;
  }
  for (unsigned cpu = 0; calls && cpu < possible; cpu++)
    if (cpu_online(cpu)) tear_down(cpu, node);
  note_change(&instances);
  std::erase(instances, node);
  note_happens_after(&instances);
  return 0;
}

int(cpuhp_state_remove_instance_nocalls)(cpuhp_state state, hlist_node* node,
                                         const shim_site* site) {
  return remove_instance(state, node, false, site);
}
int(cpuhp_state_remove_instance)(cpuhp_state state, hlist_node* node, const shim_site* site) {
  return remove_instance(state, node, true, site);
}

}  // extern "C"
