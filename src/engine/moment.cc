// SPDX-License-Identifier: GPL-2.0-only
#include "engine/moment.h"

#include <algorithm>
#include <map>

#include "engine/history.h"
#include "engine/printing.h"
#include "program/operation.h"

namespace engine {
DomainMoment moment_of(const Domain& domain, const iova_variant& variant, bool with_views) {
  DomainMoment moment;
  moment.number = domain.number;
  moment.granule = uint64_t{1} << domain.granule_shift;
  moment.start_pfn = domain.start_pfn;
  moment.first_pfn_above_32bit = domain.first_pfn_above_32bit();
  moment.has_rcaches = domain.has_rcaches;
  moment.has_queue = domain.has_queue;
  moment.flushes_started = domain.flushes_started;
  moment.newest_finished = domain.newest_finished;
  std::map<const Range*, unsigned> slots;
  for (unsigned slot = 0; slot < program::max_slots; slot++)
    for (const Range& range : domain.slots[slot]) slots[&range] = slot;
  for (const PageSet::Interval& interval : domain.reserved.intervals())
    moment.owned.push_back({interval.lo, interval.hi, RangeKind::reserved, std::nullopt});
  for (const Range& range : domain.live) {
    auto slot = slots.find(&range);
    moment.owned.push_back({range.lo, range.hi, range.kind,
                            slot == slots.end() ? std::nullopt : std::optional(slot->second)});
  }
  std::sort(moment.owned.begin(), moment.owned.end(),
            [](const auto& a, const auto& b) { return a.lo < b.lo; });
  if (!with_views) return moment;
  moment.is_seen = true;
  moment.view.take(variant, domain.memory);
  for (const iova_magazine_view& view : moment.view.magazines) {
    const bool is_sane = view.size <= variant.magazine_pfns;
    moment.magazines.push_back(
        {view.bin, view.cpu, view.previous, {view.pfns, view.pfns + (is_sane ? view.size : 0)}});
  }
  moment.view.magazines.clear();  // they point into the allocator
  return moment;
}

CallMoment moment_of(const Call& call) {
  bool is_booked = false;
  if (call.granted && call.domain) {
    auto range = call.domain->live.find(call.lo);
    is_booked = range != call.domain->live.end() && &*range == call.range;
  }
  bool gives_back = false;
  switch (call.function) {
    case Function::free_pfn:
    case Function::free_iova:
    case Function::free_fast:
    case Function::queue: gives_back = call.range; break;
    default: break;
  }
  return {.function = print(call.function),
          .domain = call.domain ? call.domain->number : 0,
          .size = call.size,
          .limit = call.limit,
          .pfn = call.pfn,
          .last = call.last,
          .aligned = call.aligned,
          .flush = call.flush,
          .in_interrupt = call.in_interrupt,
          .is_over = call.is_over,
          .granted = call.granted,
          .error = call.error,
          .cpu = call.cpu,
          .has_range = gives_back || call.granted,
          .is_booked = is_booked,
          .lo = gives_back ? call.range->lo : call.lo,
          .hi = gives_back ? call.range->hi : call.hi};
}

}  // namespace engine
