// SPDX-License-Identifier: GPL-2.0-only
// The fault plan: which of the coming fallible calls fail, and the record of those that were made.
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

// A plan looks no further than this: the longest operation (rcache init for the most CPUs, a
// counted allocation) makes fewer attempts that matter.
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
std::string ordinal(size_t index);    // of an index from 0: "1st", "2nd", ...

// Starts an operation: its i-th attempt fails if bit i of mask is set. Forgets the attempts before.
void plan_faults(const FaultMask& mask);
void plan_no_faults();
// The attempts from the first to the last fail, indices from 0, without an end; but for those that
// are made in files whose paths begin so, which are not the allocator's ("" for none).
void plan_fault_range(size_t first, size_t last, std::string_view spared_files);
// Asked by every fallible call; records the attempt and answers whether it must fail.
bool should_fail(FallibleCall call, const char* cache, size_t size, gfp_t gfp,
                 const shim_site* site);
// The attempts since plan_faults(), oldest first.
std::span<const Attempt> attempts();
size_t failed_attempts();  // how many of them failed
// Told of every attempt, with its fate; NULL: nobody is.
void set_attempt_observer(void (*observer)(const Attempt&));

// A plan with its record, of a context.
struct FaultState {
  FaultMask plan;
  bool plan_is_empty = true;
  size_t range_first = SIZE_MAX, range_last = 0;
  size_t failures = 0;
  std::vector<Attempt> record;  // keeps its capacity from run to run
};
namespace facility {
void exchange_faults(FaultState& other);
FaultState take_faults();  // none are planned any more
}  // namespace facility

}  // namespace shim
