// SPDX-License-Identifier: GPL-2.0-only
// Judges every granted range: it lies between the domain's start and the limit, has the requested
// size and alignment, and shares no page with a range in use or reserved.
#include <fmt/core.h>

#include <bit>

#include "engine/contract/judges.h"
#include "engine/printing.h"

namespace engine::contract {

void Grants::end_call(Call& call) {
  const Domain& domain = *call.domain;
  const uint64_t lo = call.lo, hi = call.hi, limit = call.limit;
  if (call.is_no_range) return raise_of(call, oracle::no_range, fmt::format("{}", call.iova));
  if (call.function == Function::alloc && hi - lo + 1 != call.size)
    raise_of(call, oracle::iova_wrong_size,
             fmt::format("{} for {} pages", print_range(lo, hi), call.size));
  if (lo < domain.start_pfn)
    raise_of(call, oracle::iova_below_start,
             fmt::format("{}, start {:#x}", print_range(lo, hi), domain.start_pfn));
  if (hi > limit || hi < lo) {
    bool was_cached = !call.attempts;
    const uint64_t pages =
        call.function == Function::alloc ? hi - lo + 1 : rounded(variant(), call.size);
    bool impossible = pages - 1 > limit;
    raise_of(call, impossible ? oracle::impossible_granted : oracle::iova_above_limit,
             fmt::format("{}, limit {:#x}", print_range(lo, hi), limit),
             was_cached ? "iova_rcache_get" : nullptr);
    // Not a range but an error value that no caller checks for: nobody owns it.
    bool no_range = hi < lo || hi > ~uint64_t{0} >> domain.granule_shift;
    if (no_range && !call.domain->perhaps_cached.intersects(lo, hi)) call.granted = false;
    if (!call.granted) return;
  }
  uint64_t alignment = call.aligned ? std::bit_ceil(call.size) : 1;
  if (lo & (alignment - 1))
    raise_of(call, oracle::iova_unaligned,
             fmt::format("{}, alignment {:#x}", print_range(lo, hi), alignment));
  if (const Range* other = domain.live_overlap(lo, hi))
    raise_of(call, oracle::iova_overlap,
             fmt::format("{} and {}", print_range(lo, hi), print_range(other->lo, other->hi)));
  if (domain.reserved.intersects(lo, hi))
    raise_of(call, oracle::iova_overlap, fmt::format("{} and a reservation", print_range(lo, hi)));
}

}  // namespace engine::contract
