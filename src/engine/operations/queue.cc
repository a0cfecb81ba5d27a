// SPDX-License-Identifier: GPL-2.0-only
// Operations of the flush queue, and hardware flushes that last while other CPUs continue.
#include <algorithm>
#include <string>

#include "engine/operations/operations.h"
#include "engine/printing.h"
#include "shim/context.h"
#include "shim/cpu.h"
#include "shim/iommu.h"

namespace engine::operations {

void queue_init(Run& run, const Operation& operation) {
  Domain& domain = run.domain_of(operation);
  const iova_queue* queue = run.variant().queue;
  if (!domain.memory) return run.skip("the domain is not initialized");
  if (!queue) {
    static std::string why;
    why = "this allocator has no usable flush queue";
    if (run.variant().why_no_queue) why += std::string(": its ") + run.variant().why_no_queue;
    return run.skip(why.c_str());
  }
  if (domain.has_queue) return run.skip("the domain has a flush queue");
  bool single = value(operation, Role::single).number;
  if (single && !queue->has_single) return run.skip("this allocator has no single ring");
  Call call(Function::queue_init, &domain);
  call.single = single;
  run.make(call);
  if (run.is_watched()) run.outcome("{}", print_error(call.error));
}

void queue(Run& run, const Operation& operation) {
  Domain& domain = run.domain_of(operation);
  if (!domain.has_queue) return run.skip("the domain has no flush queue");
  unsigned cpu = raw_smp_processor_id();
  size_t current = run.position.current;
  Slot& slot = slot_of(domain, operation);
  uint64_t count = calls(operation), done = 0;
  uint64_t first = 0, last = 0;
  for (; done < count; done++) {
    Range* range = pick(slot, value(operation, Role::oldest).number,
                        [](const Range& range) { return range.kind == RangeKind::fast; });
    if (!range) break;
    run.begin_next_call();
    if (!done) first = range->lo;
    last = range->lo;
    slot.erase(slot.iterator_to(*range));
    INIT_LIST_HEAD(&range->pages);
    static const shim_site in_driver{"queue_iova", __FILE__, __LINE__};
    uint64_t pages = value(operation, Role::pages).number;
    if (run.interleaves()) pages = std::max<uint64_t>(pages, 1);  // they identify the range
    for (; pages; pages--) shim_add_page(&range->pages, &in_driver);
    range->first_page = range->pages.next != &range->pages ? range->pages.next : nullptr;
    Call call(Function::queue, &domain, range);
    call.size = range->size;
    call.pfn = range->lo;
    call.pages = &range->pages;
    run.make(call);
    if (run.is_beyond_judgement()) return;
  }
  if (run.position.current != current) return;  // it ends during another operation
  if (!done) return run.skip("the slot has no such range");
  if (count == 1)
    run.outcome("pfn {:#x}, on CPU {}", first, cpu);
  else
    run.outcome("{} of {}, from pfn {:#x} to {:#x}, on CPU {}", done, count, first, last, cpu);
}

void flush_done(Run& run, const Operation&) {
  if (!shim::suspended_contexts()) return run.skip("no hardware flush is in flight");
  unsigned cpu = shim::suspended(0).cpu;
  shim::finish_oldest_context();
  run.outcome("the flush on CPU {}", cpu);
}

}  // namespace engine::operations
