// SPDX-License-Identifier: GPL-2.0-only
#include "fault.h"

#include <fmt/core.h>

#include <utility>

#include "context.h"
#include "task.h"
#include "world.h"

namespace shim {
namespace {

FaultState at_hand;  // of the running context
auto& plan = at_hand.plan;
auto& plan_is_empty = at_hand.plan_is_empty;
auto& failures = at_hand.failures;
auto& record = at_hand.record;
void (*observer)(const Attempt&);
std::string_view spared;  // start of the file paths that a range spares

// Whether the kernel's failslab covers the call.
bool is_of_slab(FallibleCall call) {
  return call == FallibleCall::slab_alloc || call == FallibleCall::kmalloc ||
         call == FallibleCall::slab_bulk || call == FallibleCall::slab_prefill;
}

bool fails_by_task(FallibleCall call, gfp_t gfp) {
  task_struct& task = shim_current_task;
  if (!task.fail_nth || !is_of_slab(call) || gfp & __GFP_NOFAIL) return false;
  if (shim_failslab.ignore_gfp_wait && gfp & __GFP_DIRECT_RECLAIM) return false;
  return --task.fail_nth == 0;
}

}  // namespace

const char* name(FallibleCall call) {
  switch (call) {
    case FallibleCall::cache_create: return "kmem_cache_create";
    case FallibleCall::slab_alloc: return "kmem_cache_alloc";
    case FallibleCall::slab_bulk: return "kmem_cache_alloc_bulk";
    case FallibleCall::slab_prefill: return "kmem_cache_prefill_sheaf";
    case FallibleCall::kmalloc: return "kmalloc";
    case FallibleCall::percpu_alloc: return "alloc_percpu";
    case FallibleCall::cpuhp: return "cpuhp";
    case FallibleCall::vmalloc: return "vmalloc";
  }
  return "?";
}

std::string describe(const Attempt& attempt) {
  std::string text = name(attempt.call);
  if (attempt.cache) text += fmt::format("({})", attempt.cache);
  if (attempt.size) text += fmt::format(" of {} bytes", attempt.size);
  const char* gfp = attempt.gfp & __GFP_DIRECT_RECLAIM ? "GFP_KERNEL"
                    : attempt.gfp & GFP_NOWAIT         ? "GFP_NOWAIT"
                                                       : "GFP_ATOMIC";
  return text + fmt::format(", {}, in {}()", gfp, attempt.site->function);
}

std::string describe_gfp(gfp_t gfp) {
  std::string text;
  auto add = [&](const char* flag) { text += text.empty() ? flag : fmt::format(" | {}", flag); };
  if (gfp & __GFP_DIRECT_RECLAIM) add("GFP_KERNEL");
  if (gfp & __GFP_HIGH) add("GFP_ATOMIC");
  if (gfp & __GFP_KSWAPD_RECLAIM) add("GFP_NOWAIT");
  if (gfp & __GFP_NOWARN) add("__GFP_NOWARN");
  if (gfp & __GFP_ZERO) add("__GFP_ZERO");
  if (gfp & __GFP_ACCOUNT) add("__GFP_ACCOUNT");
  if (gfp & __GFP_NOFAIL) add("__GFP_NOFAIL");
  return text.empty() ? "none" : text;
}

std::string ordinal(size_t index) {
  size_t n = index + 1;
  bool teen = n % 100 >= 11 && n % 100 <= 13;
  const char* suffix = teen || n % 10 > 3 || n % 10 == 0 ? "th"
                       : n % 10 == 1                     ? "st"
                       : n % 10 == 2                     ? "nd"
                                                         : "rd";
  return fmt::format("{}{}", n, suffix);
}

void plan_faults(const FaultMask& mask) {
  plan_no_faults();
  plan = mask;
  plan_is_empty = mask.none();
}

void plan_fault_range(size_t first, size_t last, std::string_view spared_files) {
  plan_no_faults();
  at_hand.range_first = first;
  at_hand.range_last = last;
  spared = spared_files;
}

void plan_no_faults() {
  plan_is_empty = true;
  at_hand.range_first = SIZE_MAX;
  failures = 0;
  record.clear();
}

bool should_fail(FallibleCall call, const char* cache, size_t size, gfp_t gfp,
                 const shim_site* site) {
  scheduling_point("before an allocation", site);
  size_t index = record.size();
  bool fail = !plan_is_empty && index < max_planned_attempts && plan[index];
  if (index >= at_hand.range_first && index <= at_hand.range_last)
    fail = spared.empty() || !std::string_view(site->file).starts_with(spared);
  fail &= !(gfp & __GFP_NOFAIL);
  if (shim_current_task.fail_nth) fail |= fails_by_task(call, gfp);
  Attempt& attempt = record.emplace_back();
  attempt.call = call;
  attempt.failed = fail;
  attempt.gfp = gfp;
  attempt.size = size;
  attempt.cache = cache;
  attempt.site = site;
  failures += fail;
  if (observer) observer(attempt);
  return fail;
}

std::span<const Attempt> attempts() { return record; }
size_t failed_attempts() { return failures; }
void set_attempt_observer(void (*told)(const Attempt&)) { observer = told; }

void facility::exchange_faults(FaultState& other) { std::swap(at_hand, other); }
FaultState facility::take_faults() { return std::exchange(at_hand, {}); }

void facility::reset_task() {
  shim_current_task = {};
  shim_failslab = {.ignore_gfp_wait = true};
}

}  // namespace shim

extern "C" {
task_struct shim_current_task;
shim_failslab_knobs shim_failslab = {.ignore_gfp_wait = true};
}
