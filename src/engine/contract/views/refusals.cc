// SPDX-License-Identifier: GPL-2.0-only
// Judges refused requests by the tree: without a fault, none may be refused that fits, and none may
// be granted as pfn 0, which the caller takes for a refusal. Sharper than ../refusals.cc, which
// cannot see cached ranges.
#include <fmt/core.h>

#include "engine/contract/views/judges.h"

namespace engine::contract {

void RefusalsInTree::end_call(Call& call) {
  if (call.lost_pfn_0 && call.domain->start_pfn)
    return raise_of(call, oracle::iova_below_start,
                    fmt::format("pfn 0, which means failure, start {:#x}", call.domain->start_pfn));
  if (call.lost_pfn_0) return raise(oracle::pfn_0_lost, fmt::format("{} pages", call.size));
  if (!scene_.overlapped && !call.faults && !call.is_judged && shows(IOVA_VIEW_NODES)) check(call);
}

void RefusalsInTree::check(Call& call) const {
  const Domain& domain = *call.domain;
  const Request request = owed(call);
  if (is_never_granted(domain, request)) return;
  if (!fits(variant(), domain, request)) return;
  call.is_judged = true;
  raise_refusal(call, request);
}

}  // namespace engine::contract
