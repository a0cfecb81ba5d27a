// SPDX-License-Identifier: GPL-2.0-only
// Judges a failed reservation of a range that is free but for other reservations: the reserved
// pages must be unchanged. Since reserve_iova() first widens overlapping nodes, it may keep the
// lower part of the range, which has its own oracle. It frees no node, so the number of objects
// must not change either (../failures.cc).
#include <fmt/core.h>

#include <algorithm>

#include "engine/contract/views/judges.h"

namespace engine::contract {

void Reservations::end_call(Call& call) {
  if (call.granted || !shows(IOVA_VIEW_NODES)) return;
  Domain& domain = *call.domain;
  const uint64_t lo = call.pfn, hi = call.last;
  struct Search {
    const Domain& domain;
    uint64_t lo, hi;
    PageSet in_tree;
  } search{domain, lo, hi, {}};
  variant().each_node(
      domain.memory,
      [](void* context, unsigned long lo, unsigned long hi) {
        Search& s = *static_cast<Search*>(context);
        bool reserves = s.domain.reserved.intersects(lo, hi) || (lo <= s.hi && hi >= s.lo);
        if (reserves) s.in_tree.add(lo, hi);
        return true;
      },
      &search);
  const PageSet& in_tree = search.in_tree;
  if (scene_.overlapped) {  // another reservation may be half done
    for (const PageSet::Interval& part : in_tree.intervals()) domain.reserved.add(part.lo, part.hi);
    return;
  }
  if (in_tree.covers_the_same(domain.reserved)) return;
  PageSet partial = domain.reserved;
  if (in_tree.contains(lo, lo)) partial.add(lo, std::min(hi, in_tree.run_end(lo)));
  raise(in_tree.covers_the_same(partial) ? oracle::reserve_partial : oracle::failure_left_traces,
        fmt::format("{} pages were reserved before, {} are now", domain.reserved.pages(),
                    in_tree.pages()));
  domain.reserved = in_tree;
}

}  // namespace engine::contract
