// SPDX-License-Identifier: GPL-2.0-only
// Tells which earlier request set max32_alloc_size, the hint that refuses later ones unseen: it is
// the size of the last one below 4 GiB that failed, until something below 4 GiB is given back.
#include <fmt/core.h>

#include "engine/contract/views/judges.h"

namespace engine::contract {

static uint64_t hint_of(const iova_variant& variant, const Domain& domain) {
  iova_fields fields;
  variant.fields(domain.memory, &fields);
  return fields.max32_alloc_size;
}

void Hints::begin_call(Call& call) { causes_[call.domain->number] = {}; }

void Hints::end_call(Call& call) {
  if (!shows(IOVA_VIEW_HINT)) return;
  Request& cause = causes_[call.domain->number];
  const uint64_t hint = hint_of(variant(), *call.domain);
  if (scene_.overlapped) {
    // Who set it, nobody knows: perhaps a request with the lowest limit.
    cause = hint < call.domain->first_pfn_above_32bit() ? Request{hint, 0, true} : Request{};
    return;
  }
  bool is_request = call.function == Function::alloc || call.function == Function::alloc_fast;
  if (is_request && !call.granted) {
    const Request request = request_of(variant(), call);
    // What was freed meanwhile, by a flush or for a dead CPU, made the hint void, and this one may
    // have set it again.
    bool set_again = request.limit < cause.limit;
    if (request.size == hint && (cause.size != hint || set_again)) cause = request;
  }
  if (cause.size != hint) cause = {};
}

Explanation::Cause Hints::explain_refusal(const Domain& domain, const Request& request) const {
  const Request& cause = causes_[domain.number];
  const bool is_32bit = request.limit + 1 <= domain.first_pfn_above_32bit();
  bool by_hint = shows(IOVA_VIEW_HINT) && is_32bit && cause.size && request.size >= cause.size &&
                 hint_of(variant(), domain) == cause.size;
  std::string values = !cause.limit
                           ? "; a hint that was set while calls overlapped"
                           : fmt::format("; refused before: {} pages, limit {:#x}{}", cause.size,
                                         cause.limit, cause.aligned ? "" : ", unaligned");
  constexpr uint64_t no_limit = ~uint64_t{0};  // one more is 0
  if (request.limit == no_limit || (by_hint && cause.limit == no_limit))
    return {&oracle::limit_wraps, by_hint ? values : ""};
  if (by_hint && cause.limit < request.limit) return {&oracle::hint_lower_limit, values};
  if (by_hint && cause.aligned && !request.aligned) return {&oracle::hint_aligned, values};
  return {&oracle::spurious_failure, ""};
}

}  // namespace engine::contract
