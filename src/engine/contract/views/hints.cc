// SPDX-License-Identifier: GPL-2.0-only
// Tracks which earlier request set max32_alloc_size, the hint by which later requests are refused
// without a search: the size of the last request below 4 GiB that failed, until a range below 4 GiB
// is freed. Also finds requests that fit only above the pfn where a search without a second pass
// began.
#include <fmt/core.h>

#include <algorithm>

#include "engine/contract/views/judges.h"

namespace engine::contract {

static uint64_t hint_of(const iova_variant& variant, const Domain& domain) {
  iova_fields fields;
  variant.fields(domain.memory, &fields);
  return fields.max32_alloc_size;
}

namespace {

bool is_32bit(const Domain& domain, const Request& request) {
  return request.limit + 1 <= domain.first_pfn_above_32bit();
}

}  // namespace

// The pfn where the refused request's search began, if it would fit above; else 0.
uint64_t Hints::began_too_low(const Domain& domain, Request request) const {
  if (!variant().searches_once || !shows(IOVA_VIEW_CACHED_NODES) || !shows(IOVA_VIEW_NODES))
    return 0;
  iova_fields fields;
  variant().fields(domain.memory, &fields);
  const bool below_4g = is_32bit(domain, request);
  const uint64_t above = (below_4g ? fields.cached32_hi : fields.cached_hi) + 1;
  request.lowest = std::max(request.lowest, above);
  // The anchor has nothing above it.
  if (!above || !fits(variant(), domain, request)) return 0;
  return std::max<uint64_t>(below_4g ? fields.cached32_lo : fields.cached_lo, 1);
}

// The request is unknown; assumes one with the lowest limit.
static Request set_while_calls_overlapped(const Domain& domain, uint64_t hint) {
  return hint < domain.first_pfn_above_32bit() ? Request{hint, 0, true} : Request{};
}

void Hints::begin_call(Call& call) { causes_[call.domain->number] = {}; }

void Hints::end_call(Call& call) {
  if (!shows(IOVA_VIEW_HINT)) return;
  HintCause& cause = causes_[call.domain->number];
  const uint64_t hint = hint_of(variant(), *call.domain);
  if (scene_.overlapped) {
    cause = {set_while_calls_overlapped(*call.domain, hint), 0};
    return;
  }
  bool is_request = call.function == Function::alloc || call.function == Function::alloc_fast;
  if (is_request && !call.granted) {
    const Request request = request_of(variant(), call);
    // A flush or a dead CPU may have freed ranges and reset the hint meanwhile, and this request
    // may have set it again.
    bool set_again = !call.is_judged && request.limit < cause.request.limit;
    if (request.size == hint && (cause.request.size != hint || set_again))
      cause = {request, began_too_low(*call.domain, request)};
  }
  if (cause.request.size != hint) cause = {};
}

Explanation::Cause Hints::explain_refusal(const Domain& domain, const Request& request) const {
  auto [cause, search_began] = causes_[domain.number];
  const uint64_t hint = shows(IOVA_VIEW_HINT) ? hint_of(variant(), domain) : 0;
  // A call that has not returned may have set it.
  if (scene_.overlapped) cause = set_while_calls_overlapped(domain, hint);
  bool by_hint = hint && is_32bit(domain, request) && cause.size && request.size >= cause.size &&
                 hint == cause.size;
  std::string values = !cause.limit
                           ? "; the hint was set while calls overlapped"
                           : fmt::format("; refused before: {} pages, limit {:#x}{}", cause.size,
                                         cause.limit, cause.aligned ? "" : ", unaligned");
  constexpr uint64_t no_limit = ~uint64_t{0};  // limit + 1 wraps to 0
  if (request.limit == no_limit || (by_hint && cause.limit == no_limit))
    return {&oracle::limit_wraps, by_hint ? values : ""};
  if (by_hint && (cause.limit < request.limit || !cause.limit))
    return {&oracle::hint_lower_limit, values};
  if (by_hint && cause.aligned && !request.aligned) return {&oracle::hint_aligned, values};
  uint64_t began = by_hint && search_began ? search_began : began_too_low(domain, request);
  if (began)
    return {&oracle::second_pass_missing, fmt::format("; the search began below {:#x}", began)};
  return {&oracle::spurious_failure, ""};
}

}  // namespace engine::contract
