// SPDX-License-Identifier: GPL-2.0-only
// The fault plan: which of the next fallible calls fail, and the record of those made so far.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "slab.h"

namespace shim {

enum class FallibleCall : uint8_t {
  cache_create,
  slab_alloc,
  kmalloc,
  percpu_alloc,
  cpuhp,
  vmalloc,
  slab_bulk,
  slab_prefill,
};
const char* name(FallibleCall call);  // as the kernel names it: "kmem_cache_alloc", ...

// Attempts beyond this number never fail by mask. The longest operations (rcache init for all CPUs,
// a counted allocation) make fewer attempts that matter.
inline constexpr size_t max_planned_attempts = 2048;
using FaultMask = std::bitset<max_planned_attempts>;

struct Attempt {
  FallibleCall call;
  bool failed;  // by the plan
  gfp_t gfp;
  size_t size;        // bytes; 0 for calls that allocate no memory
  const char* cache;  // cache name, or NULL
  const shim_site* site;
};

// "kmem_cache_alloc(iommu_iova) of 40 bytes, GFP_ATOMIC, in alloc_iova_mem()"
std::string describe(const Attempt& attempt);
std::string describe_gfp(gfp_t gfp);  // "GFP_ATOMIC | __GFP_ZERO"
std::string ordinal(size_t index);    // index 0 is "1st"

// Starts an operation: its i-th attempt fails if bit i of mask is set. Clears the record.
void plan_faults(const FaultMask& mask);
void plan_no_faults();
// Makes the attempts with indices first..last fail, both included. Spares attempts from files whose
// paths start with spared_files, which are not the allocator's ("" spares none).
void plan_fault_range(size_t first, size_t last, std::string_view spared_files);
// Called by every fallible call: records the attempt and returns whether it must fail.
bool should_fail(FallibleCall call, const char* cache, size_t size, gfp_t gfp,
                 const shim_site* site);
// The attempts since plan_faults(), oldest first.
std::span<const Attempt> attempts();
size_t failed_attempts();  // how many of them failed
// Called with every attempt and its outcome; NULL for none.
void set_attempt_observer(void (*observer)(const Attempt&));

// The fault plan of a context, with its record.
struct FaultState {
  FaultMask plan;
  bool plan_is_empty = true;
  size_t range_first = SIZE_MAX, range_last = 0;
  size_t failures = 0;
  std::vector<Attempt> record;  // keeps its capacity from run to run
};
namespace facility {
void exchange_faults(FaultState& other);
FaultState take_faults();  // leaves an empty plan
}  // namespace facility

}  // namespace shim
