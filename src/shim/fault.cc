// SPDX-License-Identifier: GPL-2.0-only
#include "fault.h"

#include <vector>

namespace shim {
namespace {

FaultMask plan;
bool plan_is_empty = true;
size_t failures;
std::vector<Attempt> record;  // keeps its capacity from run to run

}  // namespace

const char* name(FallibleCall call) {
  switch (call) {
    case FallibleCall::cache_create: return "kmem_cache_create";
    case FallibleCall::slab_alloc: return "kmem_cache_alloc";
    case FallibleCall::kmalloc: return "kmalloc";
    case FallibleCall::percpu_alloc: return "alloc_percpu";
    case FallibleCall::cpuhp: return "cpuhp";
  }
  return "?";
}

void plan_faults(const FaultMask& mask) {
  plan = mask;
  plan_is_empty = mask.none();
  failures = 0;
  record.clear();
}

void plan_no_faults() {
  plan_is_empty = true;
  failures = 0;
  record.clear();
}

bool should_fail(FallibleCall call, const char* cache, size_t size, gfp_t gfp,
                 const shim_site* site) {
  size_t index = record.size();
  bool fail = !plan_is_empty && index < max_planned_attempts && plan[index];
  record.push_back({call, fail, gfp, size, cache, site});
  failures += fail;
  return fail;
}

std::span<const Attempt> attempts() { return record; }
size_t failed_attempts() { return failures; }

}  // namespace shim
