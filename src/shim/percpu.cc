// SPDX-License-Identifier: GPL-2.0-only
#include "percpu.h"

#include <fmt/core.h>

#include "atomic.h"
#include "context.h"
#include "cpu.h"
#include "fault.h"
#include "finding.h"
#include "footprint.h"
#include "locks.h"
#include "object.h"
#include "types.h"
#include "world.h"

// In the ledger, a per-CPU object is a handle of 0 bytes, followed by one copy for each possible
// CPU. Callers hold the handle, and any access to it hits a red zone.
namespace {

using namespace shim;

Object* handle_at(void* address) {
  Object* object = object_at(address);
  return object && object->kind == ObjectKind::percpu ? object : nullptr;
}

Object& copy_of(Object& handle, unsigned cpu) { return *(&handle + 1 + cpu); }

// The handle of a per-CPU object that is large enough for the address behind it, or NULL. Up to the
// object's size, only its own first copy follows its handle.
Object* handle_around(const volatile void* address) {
  const void* place = const_cast<const void*>(address);
  Object* object = object_around(place);
  if (!object) return nullptr;
  for (size_t i = index_of(*object) + 1; i-- > 0;) {
    Object& handle = object_by_index(i);
    if (handle.kind != ObjectKind::percpu || handle.memory > place) continue;
    size_t offset = static_cast<size_t>(static_cast<const unsigned char*>(place) - handle.memory);
    return offset < copy_of(handle, 0).size ? &handle : nullptr;
  }
  return nullptr;
}

void* this_cpu_at(const volatile void* address, const shim_site* site) {
  Object* handle = handle_around(address);
  if (!handle)
    raise(oracle::percpu_foreign, site, "the address is not inside a per-CPU object",
          const_cast<const void*>(address));
  if (!handle->live) raise(oracle::percpu_use_after_free, site, describe(*handle), handle->memory);
  return copy_of(*handle, raw_smp_processor_id()).memory +
         (static_cast<const volatile unsigned char*>(address) - handle->memory);
}

}  // namespace

extern "C" {

void*(__alloc_percpu)(size_t size, size_t align, const shim_site* site) {
  (might_sleep)(site);
  if (size == 0 || size > PCPU_MIN_UNIT_SIZE || align == 0 || align > PAGE_SIZE ||
      (align & (align - 1))) {
    raise(oracle::percpu_bad_size, site, fmt::format("size {}, alignment {}", size, align));
    return nullptr;
  }
  if (should_fail(FallibleCall::percpu_alloc, nullptr, size, GFP_KERNEL, site)) return nullptr;
  void* handle = new_object(ObjectKind::percpu, nullptr, 0, 1, true, site).memory;
  for (unsigned cpu = 0; cpu < num_possible_cpus(); cpu++)
    new_object(ObjectKind::percpu_copy, nullptr, size, align, true, site);
  return handle;
}

void(free_percpu)(void* address, const shim_site* site) {
  scheduling_point("before free_percpu()", site);
  if (!address) return;
  note_change(address);  // the handle has no bytes of its own
  Object* handle = handle_at(address);
  if (!handle) {
    raise(oracle::percpu_free_foreign, site, "the pointer does not come from a per-CPU allocation",
          address);
    return;
  }
  if (!handle->live) {
    raise(oracle::percpu_double_free, site, describe(*handle), address);
    return;
  }
  for (unsigned cpu = 0; cpu < num_possible_cpus(); cpu++) {
    Object& copy = copy_of(*handle, cpu);
    check_freed_memory(copy.memory, copy.size, site);
    retire_object(copy, site);
  }
  retire_object(*handle, site);
}

void* shim_per_cpu_ptr(void* address, unsigned cpu, const shim_site* site) {
  note_read(address);
  Object* handle = handle_at(address);
  if (!handle)
    raise(oracle::percpu_foreign, site, "the pointer does not come from a per-CPU allocation",
          address);
  else if (!handle->live)
    raise(oracle::percpu_use_after_free, site, describe(*handle), address);
  if (cpu >= num_possible_cpus())
    raise(oracle::percpu_cpu_range, site,
          fmt::format("CPU {} of {}: {}", cpu, num_possible_cpus(), describe(*handle)), address);
  void* memory = copy_of(*handle, cpu).memory;
  scheduling_point("with the address of per-CPU memory", site);  // the ledger may move meanwhile
  return memory;
}

void* shim_this_cpu_access(const volatile void* address, const shim_site* site) {
  scheduling_point("before an access to per-CPU memory", site);
  void* memory = this_cpu_at(address, site);
  shim_mark_aside(memory);
  return memory;
}

void* shim_this_cpu_update(const volatile void* address, const shim_site* site) {
  scheduling_point("before an access to per-CPU memory", site);
  void* memory = this_cpu_at(address, site);
  shim_mark_update_aside(memory);
  return memory;
}

void* shim_this_cpu_plain(const volatile void* address, const shim_site* site) {
  shim_stable_processor_id(site);
  return this_cpu_at(address, site);
}

}  // extern "C"
