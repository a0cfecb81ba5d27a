// SPDX-License-Identifier: GPL-2.0-only
// Judges find_iova() by the callers' books: a pfn in a range in use finds that range, a reserved
// pfn a range that contains it, a pfn that is surely free nothing. The node of a reserved range
// lives until its owner gives it back.
#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "engine/contract/judges.h"
#include "engine/printing.h"
#include "shim/cost.h"

namespace engine::contract {

void Lookups::begin_call(Call&) { steps_before_ = shim::cost().steps; }

// Steps are moves from a range to its neighbour (shim/cost.h); going down a tree takes none. The
// books know how many ranges it may hold.
void Lookups::check_steps(const Call& call) const {
  constexpr uint64_t always = 64, a_level = 8;
  if (scene_.overlapped || call.strand) return;
  const uint64_t steps = shim::cost().steps - steps_before_;
  const uint64_t ranges = call.domain->live.size() + call.domain->perhaps_cached.ranges().size() +
                          call.domain->reserved.intervals().size();
  if (steps > always + a_level * std::bit_width(ranges))
    raise(oracle::lookup_linear, fmt::format("{} steps among {} ranges", steps, ranges));
}

void Lookups::end_call(Call& call) {
  check_steps(call);
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
