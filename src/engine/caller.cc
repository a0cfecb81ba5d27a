// SPDX-License-Identifier: GPL-2.0-only
#include "engine/caller.h"

#include <optional>

#include "engine/callers_order.h"
#include "engine/domain.h"
#include "engine/request.h"
#include "shim/context.h"
#include "shim/cpu.h"
#include "shim/fault.h"
#include "shim/footprint.h"
#include "shim/locks.h"
#include "shim/object.h"
#include "shim/store_buffer.h"

namespace engine {

bool may_be_range(const void* iova) {
  const shim::Object* object = shim::object_around(iova);
  const auto* at = static_cast<const unsigned char*>(iova);
  return object && object->live && at >= object->memory && at < object->memory + object->size;
}

// The allocator can continue without this memory: GFP_NOWAIT, or a GFP_KERNEL request that
// suppresses warnings.
static bool has_another_way(gfp_t gfp) {
  return gfp & GFP_NOWAIT || (gfp & GFP_KERNEL && gfp & __GFP_NOWARN);
}

// Whether the function may leave ranges in a CPU's cache: a request may fetch a magazine from the
// depot.
static bool may_cache(Function function) {
  return function == Function::free_fast || function == Function::queue ||
         function == Function::alloc_fast;
}

// Clears page-table entries, as a driver does. Other CPUs may see that late unless queue() orders
// it.
void Caller::unmap(Domain& domain, Range& range) const {
  range.unmapped_in = &domain;
  range.unmapped_at = not_visible;
  const auto become_visible = [](void* range) {
    auto& unmapped = *static_cast<Range*>(range);
    unmapped.unmapped_at = unmapped.unmapped_in->flushes_started;
  };
  if (variant_->queue->orders_itself)
    shim::post_store(become_visible, &range);
  else
    become_visible(&range);
}

void Caller::make(Call& call) {
  call.cpu = raw_smp_processor_id();
  call.in_interrupt = shim::runs_in_interrupt();
  call.strand = shim::in_started_context();
  call.first_attempt = shim::attempts().size();
  history_.add_begin(call);
  order_begin(call);
  enter(call);
  call.is_over = true;
  order_end(call, variant_->queue && variant_->queue->orders_itself);
  shim::finish_stores();
  if (call.domain && may_cache(call.function))
    for (unsigned cpu = 0; call.left_cpus >> cpu; cpu++)
      if (call.left_cpus >> cpu & 1 && !cpu_online(cpu)) call.domain->stranded_on |= 1u << cpu;
  auto made = shim::attempts().subspan(call.first_attempt);
  call.attempts = made.size();
  for (const shim::Attempt& attempt : made) {
    call.faults += attempt.failed;
    call.needed_faults += attempt.failed && !has_another_way(attempt.gfp);
  }
  events_.settle();
  history_.add_end(call);
}

void Caller::enter(Call& call) const {
  const iova_variant& v = *variant_;
  void* domain = call.domain ? call.domain->memory : nullptr;
  switch (call.function) {
    case Function::cache_get: call.error = v.cache_get(); return;
    case Function::cache_put: return v.cache_put();
    case Function::rcache_range: call.bytes = v.rcache_range(); return;
    case Function::init_domain: return v.init_domain(domain, call.size, call.pfn);
    case Function::init_rcaches: call.error = v.init_rcaches(domain); return;
    case Function::put_domain: return v.put_domain(domain);
    case Function::free_pfn: return v.free_pfn(domain, call.pfn);
    case Function::free_iova: return v.free_iova(domain, call.iova);
    case Function::free_fast: return v.free_fast(domain, call.pfn, call.size);
    case Function::queue_init: call.error = v.queue->init(domain, call.single); return;
    case Function::queue:
      unmap(*call.domain, *call.range);
      call.list = v.queue->queue(domain, call.pfn, call.size, call.pages);
      return;
    case Function::alloc_fast: {
      const auto has_pfn_0 = [&] {
        shim::Unscheduled aside;
        return v.find(domain, 0) != nullptr;
      };
      const Domain& at = *call.domain;
      const bool may_lose_pfn_0 = (!at.start_pfn || v.wraps_second_pass) && !has_pfn_0();
      // While pfn 0 may be granted, nothing is suspended: its owner would be unknown.
      std::optional<shim::Unscheduled> alone;
      if (!at.start_pfn) alone.emplace();
      call.lo = v.alloc_fast(domain, call.size, call.limit, call.flush);
      call.hi = call.lo + owned_size(v, call.size) - 1;
      call.granted = call.lo;
      // By now another caller may own pfn 0.
      if (may_lose_pfn_0 && !call.granted && (alone || !shim::suspended_contexts()) &&
          !at.live_overlap(0, 0) && !at.reserved.contains(0, 0))
        call.lost_pfn_0 = has_pfn_0();
      return;
    }
    case Function::alloc: call.iova = v.alloc(domain, call.size, call.limit, call.aligned); break;
    case Function::find: call.iova = v.find(domain, call.pfn); break;
    case Function::reserve: call.iova = v.reserve(domain, call.pfn, call.last); break;
  }
  // Functions that return a node.
  call.is_no_range = call.iova && !may_be_range(call.iova);
  call.granted = call.iova && !call.is_no_range;
  if (!call.granted) return;
  // Reads the pfns behind the rb_node, which callers may not touch.
  shim::note_touch(static_cast<const char*>(call.iova) + 3 * sizeof(void*),
                   2 * sizeof(unsigned long), false);
  call.lo = v.pfn_lo(call.iova);
  call.hi = v.pfn_hi(call.iova);
}

}  // namespace engine
