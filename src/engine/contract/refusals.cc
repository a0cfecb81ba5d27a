// SPDX-License-Identifier: GPL-2.0-only
// Judges refused requests by the callers' books. Without a fault, a request may not be refused if a
// legal placement lies in pages that nobody owns, reserves or queues, and that are surely not
// cached. If the request may flush, cached pages count as free, too. If calls overlap, there must
// be room for all of them. Needs no view, so it works for any cache.
#include <fmt/core.h>

#include <algorithm>

#include "engine/contract/judges.h"
#include "shim/cpu.h"

namespace engine::contract {
namespace {

bool none(const Range&) { return false; }
bool all(const Range&) { return true; }
bool on_dead_cpus(const Range& range) { return !cpu_online(range.freed_on); }

}  // namespace

// The hint starts at the size of the whole 32-bit space and refuses any request of that size or
// more.
bool RefusalJudge::is_never_granted(const Domain& domain, const Request& request) {
  uint64_t first_above = domain.first_pfn_above_32bit();
  return request.limit < first_above && request.size >= first_above;
}

// Any allocator may withhold pfn 0 on the fast path, where 0 means failure. For a strict variant of
// a known design, request_of() knows whether it does.
Request RefusalJudge::owed(const Call& call) const {
  Request request = request_of(variant(), call);
  const bool is_known = variant().strict && shows_all_of_models(variant().views);
  if (!is_known && call.function == Function::alloc_fast)
    request.lowest = std::max<uint64_t>(request.lowest, 1);
  return request;
}

bool RefusalJudge::is_explained(const Call& call, const Request& request) const {
  return explanation_.explain_refusal(*call.domain, request).oracle != &oracle::spurious_failure;
}

void RefusalJudge::raise_refusal(const Call& call, const Request& request) const {
  Explanation::Cause cause = explanation_.explain_refusal(*call.domain, request);
  // The engine's own requests ask for space that must be there.
  bool is_lost = (call.is_aside || call.is_probe) && cause.oracle == &oracle::spurious_failure;
  raise_of(call, is_lost ? oracle::capacity_lost : *cause.oracle,
           fmt::format("{} pages, limit {:#x}{}{}", request.size, request.limit,
                       request.aligned ? "" : ", unaligned", cause.values));
}

void Refusals::hear(const Event& event) {
  event.range->freed_on = event.cpu;
  event.domain->perhaps_cached.add(*event.range);
}

// In an unknown design, pages count as perhaps cached from the start of the free: once another call
// is granted them, even before the free ends, they are in the tree.
void Refusals::begin_call(Call& call) {
  if (!variant().strict) note_cached(call);
}

void Refusals::note_cached(const Call& call) {
  if (!call.range) return;
  call.range->freed_on = call.cpu;
  call.domain->perhaps_cached.add(*call.range);
}

void Refusals::end_call(Call& call) {
  PerhapsCached& cached = call.domain->perhaps_cached;
  if (call.function == Function::free_fast) {
    if (variant().strict) note_cached(call);
    return;
  }
  if (call.lost_pfn_0 || call.faults) return;
  if (is_touched_by_others(call)) return check_beside_others(call);
  check(call);
  // Only for known designs: another one may refuse without a flush.
  const bool flushed = variant().strict && call.function == Function::alloc_fast && call.flush;
  if (flushed && !call.is_judged && flush_reaches_all(*call.domain)) cached.clear();
}

// Old versions flush no depots, or not what a CPU held when it went offline.
bool Refusals::flush_reaches_all(const Domain& domain) const {
  for (unsigned cpu = 0; cpu < num_possible_cpus(); cpu++)
    if (domain.stranded_on >> cpu & 1 && !cpu_online(cpu)) return false;
  return variant().flushes_depots && variant().flushes_dead_cpus;
}

void Refusals::check(Call& call) {
  const Request request = owed(call);
  Domain& domain = *call.domain;
  if (is_never_granted(domain, request)) return;
  bool may_flush = call.function == Function::alloc_fast && call.flush && flush_reaches_all(domain);
  if (!fits_beside_owned(domain, request, may_flush ? none : all)) return;
  call.is_judged = true;
  // A hint would have refused even if the lost ranges had been returned.
  if (may_flush && is_lost_offline(domain, request) && !is_explained(call, request))
    return raise_offline(call, request);
  raise_refusal(call, request);
}

// Each overlapping call may hold pages, or may have held some for a while. They block at most
// `hindered` placements. Ranges that may be cached may be in transit.
void Refusals::check_beside_others(Call& call) {
  const Request request = owed(call);
  const Domain& domain = *call.domain;
  if (is_never_granted(domain, request)) return;
  const Traffic others = others_beside(call);
  // A hint may have been set and reset since.
  const bool may_meet_hint =
      shows(IOVA_VIEW_HINT) && request.limit <= domain.first_pfn_above_32bit();
  if ((others.calls || call.strand) && ((may_meet_hint && !variant().hint_from_full_walk_only) ||
                                        (shows(IOVA_VIEW_CACHED_NODES) && variant().searches_once)))
    return;
  const uint64_t hindered = others.pages / request.size + 2 * others.calls;
  if (placements_beside_owned(domain, request, all, hindered + 1) <= hindered) return;
  call.is_judged = true;
  raise_refusal(call, request);
}

// Whether the refusal would be right if ranges freed on now offline CPUs were out of reach.
bool Refusals::is_lost_offline(const Domain& domain, const Request& request) const {
  const LiveRanges& kept = domain.perhaps_cached.ranges();
  return std::any_of(kept.begin(), kept.end(), on_dead_cpus) &&
         !fits_beside_owned(domain, request, on_dead_cpus);
}

void Refusals::raise_offline(const Call& call, const Request& request) const {
  raise_of(call, oracle::offline_lost,
           fmt::format("{} pages, limit {:#x}", request.size, request.limit));
}

uint64_t placements_beside_owned(const Domain& domain, const Request& request,
                                 bool (*is_kept)(const Range&), uint64_t enough) {
  PlacementSearch placement(domain, request);
  uint64_t count = 0;
  auto owned = domain.live.begin();
  auto reserved = domain.reserved.intervals().begin(), no_more = domain.reserved.intervals().end();
  auto kept = domain.perhaps_cached.ranges().begin(),
       no_kept = domain.perhaps_cached.ranges().end();
  // Walks taken pages in order of address; skips overlaps.
  while (placement.is_open()) {
    constexpr uint64_t nowhere = ~uint64_t{0};
    uint64_t of_owner = owned != domain.live.end() ? owned->lo : nowhere;
    uint64_t of_reservation = reserved != no_more ? reserved->lo : nowhere;
    while (kept != no_kept && !is_kept(*kept)) ++kept;
    uint64_t of_cache = kept != no_kept ? kept->lo : nowhere;
    uint64_t taken = std::min({of_owner, of_reservation, of_cache});
    count += placement.count_below(taken);
    if (count >= enough || taken == nowhere) return count;
    if (of_owner == taken)
      placement.skip((*owned++).last_withheld);
    else if (of_reservation == taken)
      placement.skip(reserved++->hi);
    else
      placement.skip((*kept++).last_withheld);
  }
  return count;
}

}  // namespace engine::contract
