// SPDX-License-Identifier: GPL-2.0-only
// Judges find_iova() by the callers' books: a pfn in a range in use finds that range, a reserved
// pfn a range that contains it, a pfn that is surely free nothing. The node of a reserved range
// lives until its owner gives it back.
#include <fmt/core.h>

#include <algorithm>

#include "engine/contract/judges.h"
#include "engine/printing.h"
#include "engine/request.h"

namespace engine::contract {

void Lookups::end_call(Call& call) {
  if (call.is_no_range) return raise(oracle::no_range, fmt::format("{}", call.iova));
  if (call.range) {
    const Range& range = *call.range;
    bool right = call.granted && call.lo == range.lo && call.hi >= range.hi &&
                 call.hi <= range.last_withheld;
    if (!right)
      raise(oracle::find_wrong,
            fmt::format("pfn {:#x} is in {}", call.pfn, print_range(range.lo, range.hi)));
    return;
  }
  if (call.is_aside) return;
  Domain& domain = *call.domain;
  const uint64_t pfn = call.pfn;
  if (call.granted ? pfn < call.lo || pfn > call.hi : domain.reserved.contains(pfn, pfn))
    return raise(
        oracle::find_wrong,
        fmt::format("pfn {:#x}, which is {}", pfn,
                    call.granted ? "not in " + print_range(call.lo, call.hi) : "reserved"));
  if (is_touched_by_others(call)) return;  // another call may grant it or give it back meanwhile
  if (const Range* range = domain.live_overlap(pfn, pfn); range && !call.granted)
    raise(oracle::find_wrong,
          fmt::format("pfn {:#x} is in {}", pfn, print_range(range->lo, range->hi)));
  bool is_free = !domain.withholds(pfn) && !domain.reserved.contains(pfn, pfn);
  if (call.granted && is_free && !domain.perhaps_cached.intersects(pfn, pfn))
    raise(oracle::find_wrong,
          fmt::format("pfn {:#x} is free, found in {}", pfn, print_range(call.lo, call.hi)));
}

void Lookups::hear(const Event& event) {
  raise(oracle::owner_robbed, print_range(event.range->lo, event.range->hi));
}

}  // namespace engine::contract
