// SPDX-License-Identifier: GPL-2.0-only
#include "engine/hint.h"

#include "engine/domain.h"
#include "engine/oracles.h"

namespace engine {

HintWatch::HintWatch(const iova_variant& variant, Domain& domain, const Request& request,
                     bool can_flush)
    : variant_(variant),
      domain_(domain),
      request_(request),
      below_4g_(request.limit < domain.first_pfn_above_32bit()),
      before_(hint()) {
  may_be_set_anew_ = can_flush && below_4g_ && before_ == request.size;
  if (may_be_set_anew_) nodes_before_ = nodes_below_4g();
}

void HintWatch::finish(size_t refused_tries) {
  after_ = hint();
  if (after_ != request_.size) return;
  if (before_ != after_)
    set_ = true;
  else if (!below_4g_)
    set_ = refused_tries > 0;  // unasked, the hint did not refuse it: a walk failed
  else
    // The hint refused the first try. Only a flush that returned a range below 4 GiB reset it, and
    // let the second try walk.
    set_ = may_be_set_anew_ && refused_tries > 0 && nodes_below_4g() < nodes_before_;
  if (set_) domain_.hint_cause = request_;
}

const shim::Oracle& HintWatch::explain_refusal() const {
  const Request& cause = domain_.hint_cause;
  bool by_hint = below_4g_ && !set_ && request_.size >= after_ && cause.size == after_;
  if (by_hint && cause.limit < request_.limit) return oracle::hint_lower_limit;
  if (by_hint && cause.aligned && !request_.aligned) return oracle::hint_aligned;
  return oracle::spurious_failure;
}

uint64_t HintWatch::hint() const {
  iova_fields fields;
  variant_.fields(domain_.memory, &fields);
  return fields.max32_alloc_size;
}

size_t HintWatch::nodes_below_4g() const {
  struct Count {
    uint64_t end;
    size_t nodes;
  } count{domain_.first_pfn_above_32bit(), 0};
  variant_.each_node(
      domain_.memory,
      [](void* context, unsigned long lo, unsigned long) {
        Count& c = *static_cast<Count*>(context);
        c.nodes += lo < c.end;
        return lo < c.end;
      },
      &count);
  return count.nodes;
}

}  // namespace engine
