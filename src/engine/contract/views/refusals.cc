// SPDX-License-Identifier: GPL-2.0-only
// Judges requests that are refused: none without a fault may be that fits into the tree as it is,
// and none is granted in a way that its caller takes for a refusal. Sharper than ../refusals.cc,
// which cannot see what is cached.
#include <fmt/core.h>

#include "engine/contract/views/judges.h"

namespace engine::contract {

void RefusalsInTree::end_call(Call& call) {
  if (call.lost_pfn_0) return raise(oracle::pfn_0_lost, fmt::format("{} pages", call.size));
  if (!call.faults && !call.is_judged) check(call);
}

void RefusalsInTree::check(const Call& call) const {
  const Domain& domain = *call.domain;
  const Request request = request_of(variant(), call);
  // Never granted: the hint starts at the size of the whole 32-bit space and refuses from there on.
  uint64_t first_above = domain.first_pfn_above_32bit();
  if (request.limit < first_above && request.size >= first_above) return;
  if (!fits(variant(), domain, request.size, request.limit, request.aligned, request.lowest))
    return;
  Explanation::Cause cause = explanation_.explain_refusal(domain, request);
  raise_of(call, *cause.oracle,
           fmt::format("{} pages, limit {:#x}{}{}", request.size, request.limit,
                       request.aligned ? "" : ", unaligned", cause.values));
}

}  // namespace engine::contract
