// SPDX-License-Identifier: GPL-2.0-only
#include "engine/books.h"

#include <algorithm>
#include <bit>

#include "engine/request.h"

namespace engine {

Books::Books() {
  for (unsigned i = 0; i < domains_.size(); i++) domains_[i].number = i;
}

void Books::begin(const iova_variant& variant, size_t ranges) {
  variant_ = &variant;
  references_ = 0;
  for (Domain& domain : domains_) forget(domain);
  ranges_used_ = 0;
  // The end of a run requests each range once more, and perhaps all free space or nodes without
  // owner.
  ranges = 3 * ranges + (variant.strict ? 4 : most_asked_for_at_end + 4) * program::max_domains;
  if (ranges <= ranges_size_) return;
  // Reserving the maximum would take longer than a short run itself.
  ranges_size_ = std::max(ranges, 2 * ranges_size_);
  ranges_ = std::make_unique<Range[]>(ranges_size_);
}

void Books::forget(Domain& domain) {
  domain.memory = nullptr;
  domain.has_rcaches = domain.has_allocated = domain.is_being_put = false;
  domain.forget_ranges();
}

size_t Books::ranges_in_use() const {
  size_t sum = 0;
  for (const Domain& domain : domains_) sum += domain.live.size();
  return sum;
}

void Books::hear(const Event& event) {
  switch (event.kind) {
    case Kind::flush_begin: event.domain->flushes_started = event.number; return;
    case Kind::flush_end:
      event.domain->newest_finished = std::max(event.domain->newest_finished, event.number);
      return;
    case Kind::release_begin:
      if (!event.range) return;
      event.domain->queued.erase(event.domain->queued.iterator_to(*event.range));
      event.domain->live.erase(event.domain->live.iterator_to(*event.range));
      return;
    default: return;
  }
}

// The pages that a call may touch, rounded up to a power of two.
static Traffic traffic_of(const Call& call) {
  constexpr uint64_t most = uint64_t{1} << 40;  // sums do not wrap
  return {1, std::bit_ceil(std::min(call.size, most))};
}

void Books::note_begin(Call& call) {
  call.may_overlap = true;
  Domain& domain = *call.domain;
  domain.begun += traffic_of(call);
  call.before = domain.begun;
  call.before -= domain.under_way;
  domain.under_way += traffic_of(call);
}

void Books::note_end(const Call& call) { call.domain->under_way -= traffic_of(call); }

void Books::begin_call(Call& call) {
  switch (call.function) {
    case Function::free_pfn:
    case Function::free_iova:
    case Function::free_fast:
      if (!call.range) return;
      if (call.range->kind == RangeKind::reserved)
        call.domain->reserved.remove(call.range->lo, call.range->hi);
      else
        call.domain->live.erase(call.domain->live.iterator_to(*call.range));
      return;
    case Function::queue:
      call.range->kind = RangeKind::queued;
      call.range->list = nullptr;
      call.domain->queued.push_back(*call.range);
      call.domain->unmaps_under_way++;
      return;
    case Function::put_domain: call.domain->is_being_put = true; return;
    case Function::cache_put: references_--; return;
    default: return;
  }
}

void Books::end_call(Call& call) {
  Domain* domain = call.domain;
  switch (call.function) {
    case Function::cache_get: references_ += !call.error; return;
    // A domain whose rcaches were only partly initialized counts as one without.
    case Function::init_domain:
      domain->has_rcaches =
          !variant_->init_rcaches && !(variant_->ignores_rcache_failures && call.faults);
      return;
    case Function::init_rcaches: domain->has_rcaches |= !call.error; return;
    case Function::alloc:
      domain->has_allocated = true;
      if (call.granted) add(call, call.hi, RangeKind::tree);
      return;
    case Function::alloc_fast:
      domain->has_allocated = true;
      // The caller does not know of a granted pfn 0, but it is in the tree.
      if (call.granted || call.lost_pfn_0)
        add(call, call.lo + owned_size(*variant_, call.size) - 1,
            call.granted ? RangeKind::fast : RangeKind::tree);
      return;
    case Function::reserve:
      if (!call.granted) return;
      domain->reserved.add(call.pfn, call.last);
      domain->highest_pfn = std::max(domain->highest_pfn, call.last);
      return;
    case Function::queue_init:
      domain->has_queue = !call.error;
      domain->single_queue = call.single;
      return;
    case Function::queue:
      call.range->list = call.list;
      domain->unmaps_under_way--;
      return;
    default: return;
  }
}

void Books::add(const Call& call, uint64_t hi, RangeKind kind) {
  Range& range = *call.range;
  range.lo = call.lo;
  range.hi = hi;
  range.size = call.size;
  range.iova = call.iova;
  range.kind = kind;
  range.last_withheld = hi;
  if (kind == RangeKind::fast)
    range.last_withheld = std::max(hi, call.lo + rounded(*variant_, call.size) - 1);
  // For a known release, a flush clears perhaps_cached.
  if (!variant_->strict) call.domain->perhaps_cached.remove(range);
  call.domain->highest_pfn = std::max(call.domain->highest_pfn, range.last_withheld);
  call.domain->live.insert(range);
}

}  // namespace engine
