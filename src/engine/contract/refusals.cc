// SPDX-License-Identifier: GPL-2.0-only
// Judges requests that are refused by what callers know: none without a fault may be while a legal
// placement lies wholly in pages that nobody owns, reserves or queues, and that are surely in no
// cache; one that may flush, also not while pages are in a cache. Needs no view: it holds for
// caches that nobody can see.
#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "engine/contract/judges.h"

namespace engine::contract {

// The hint starts at the size of the whole 32-bit space and refuses from there on.
bool RefusalJudge::is_never_granted(const Domain& domain, const Request& request) {
  uint64_t first_above = domain.first_pfn_above_32bit();
  return request.limit < first_above && request.size >= first_above;
}

void RefusalJudge::raise_refusal(const Call& call, const Request& request) const {
  Explanation::Cause cause = explanation_.explain_refusal(*call.domain, request);
  bool is_lost = call.is_probe && cause.oracle == &oracle::spurious_failure;
  raise_of(call, is_lost ? oracle::capacity_lost : *cause.oracle,
           fmt::format("{} pages, limit {:#x}{}{}", request.size, request.limit,
                       request.aligned ? "" : ", unaligned", cause.values));
}

void Refusals::PerhapsCached::clear() {
  fresh.clear();
  intervals.clear();
}

void Refusals::PerhapsCached::add_fresh() {
  if (fresh.empty()) return;
  for (const Range* range : fresh) intervals.push_back({range->lo, range->hi});
  fresh.clear();
  std::sort(intervals.begin(), intervals.end(),
            [](const auto& a, const auto& b) { return a.lo < b.lo; });
  size_t kept = 0;
  for (const PageSet::Interval& interval : intervals) {
    if (kept && interval.lo <= intervals[kept - 1].hi + 1)
      intervals[kept - 1].hi = std::max(intervals[kept - 1].hi, interval.hi);
    else
      intervals[kept++] = interval;
  }
  intervals.resize(kept);
}

void Refusals::begin() {
  for (PerhapsCached& cached : cached_) cached.clear();
}

void Refusals::begin_call(Call& call) { cached_[call.domain->number].clear(); }

void Refusals::hear(const Event& event) {
  cached_[event.domain->number].fresh.push_back(event.range);
}

void Refusals::end_call(Call& call) {
  PerhapsCached& cached = cached_[call.domain->number];
  if (call.function == Function::free_fast) {
    if (call.range) cached.fresh.push_back(call.range);
    return;
  }
  if (call.lost_pfn_0 || call.faults) return;
  check(call);
  bool flushed = call.function == Function::alloc_fast && call.flush;
  if (flushed && !call.is_judged && flush_reaches_all()) cached.clear();
}

// Old ones leave depots, or what a CPU held when it went offline, as they are.
bool Refusals::flush_reaches_all() const {
  return variant().flushes_depots && variant().flushes_dead_cpus;
}

void Refusals::check(Call& call) {
  const Request request = request_of(variant(), call);
  if (is_never_granted(*call.domain, request)) return;
  bool may_flush = call.function == Function::alloc_fast && call.flush;
  if (!fits(*call.domain, request, may_flush && flush_reaches_all())) return;
  call.is_judged = true;
  raise_refusal(call, request);
}

// Whether a legal placement lies in what is surely free, or flushable as well.
bool Refusals::fits(const Domain& domain, const Request& request, bool with_flush) {
  if (request.aligned && request.size > uint64_t{1} << 63) return false;
  const uint64_t mask = request.aligned ? std::bit_ceil(request.size) - 1 : 0;
  const uint64_t limit = std::min(request.limit, uint64_t{IOVA_ANCHOR_PFN} - 1);
  uint64_t next = std::max(domain.start_pfn, request.lowest);
  auto is_in_front_of = [&](uint64_t taken) {
    uint64_t place = (next + mask) & ~mask, last = place + request.size - 1;
    return place >= next && last >= place && last < taken && last <= limit;
  };
  PerhapsCached& cached = cached_[domain.number];
  if (!with_flush) cached.add_fresh();
  auto owned = domain.live.begin();
  auto reserved = domain.reserved.intervals().begin(), no_more = domain.reserved.intervals().end();
  auto kept = with_flush ? cached.intervals.end() : cached.intervals.begin();
  // What is taken, in order of address; nothing fits where it overlaps.
  while (next <= limit) {
    constexpr uint64_t nowhere = ~uint64_t{0};
    uint64_t of_owner = owned != domain.live.end() ? owned->lo : nowhere;
    uint64_t of_reservation = reserved != no_more ? reserved->lo : nowhere;
    uint64_t of_cache = kept != cached.intervals.end() ? kept->lo : nowhere;
    uint64_t taken = std::min({of_owner, of_reservation, of_cache});
    if (is_in_front_of(taken)) return true;
    if (taken == nowhere) return false;
    uint64_t last = 0;
    if (of_owner == taken)
      last = owned++->hi;
    else if (of_reservation == taken)
      last = reserved++->hi;
    else
      last = kept++->hi;
    if (last == nowhere) return false;
    next = std::max(next, last + 1);
  }
  return false;
}

}  // namespace engine::contract
