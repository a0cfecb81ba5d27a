// SPDX-License-Identifier: GPL-2.0-only
#include "percpu.h"

#include <fmt/core.h>

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

}  // extern "C"
