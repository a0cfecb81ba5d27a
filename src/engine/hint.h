// SPDX-License-Identifier: GPL-2.0-only
// max32_alloc_size, the allocator's hint: who set it last, to explain what it refuses. A walk that
// fails sets it to the request's size, and from then on it refuses that size and more under limits
// up to 4 GiB, whatever the limit and the alignment of the walk were.
#pragma once

#include <cstddef>
#include <cstdint>

#include "iova/variant.h"
#include "shim/finding.h"

namespace engine {

struct Domain;

// What is asked of the tree: size in pages, after the fast path's rounding.
struct Request {
  uint64_t size, limit;
  bool aligned;
};

// Watches one call that allocates, from just before it.
class HintWatch {
 public:
  // can_flush: the call may return cached ranges to the tree and try again.
  HintWatch(const iova_variant& variant, Domain& domain, const Request& request, bool can_flush);

  // After the call: books the request in domain.hint_cause if the hint is its doing. refused_tries:
  // how often it came to the tree with a node in hand, in vain.
  void finish(size_t refused_tries);

  // After finish(), of a call that failed although its request fits: the known quirk of the hint
  // that refused it, or spurious_failure.
  const shim::Oracle& explain_refusal() const;

 private:
  uint64_t hint() const;
  size_t nodes_below_4g() const;

  const iova_variant& variant_;
  Domain& domain_;
  const Request request_;
  const bool below_4g_;  // the hint is asked
  const uint64_t before_;
  uint64_t after_ = 0;
  bool may_be_set_anew_ = false;  // to the same value, which only the nodes tell
  size_t nodes_before_ = 0;
  bool set_ = false;  // by this call
};

}  // namespace engine
