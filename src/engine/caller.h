// SPDX-License-Identifier: GPL-2.0-only
// Makes the calls: what goes into the allocator goes through here, and into the history.
#pragma once

#include "engine/history.h"
#include "engine/shim_events.h"
#include "iova/variant.h"

namespace engine {

// Whether it points to memory that an allocator has, so that one may look at it.
bool may_be_range(const void* iova);

class Caller {
 public:
  Caller(History& history, ShimEvents& events) : history_(history), events_(events) {}
  void use(const iova_variant& variant) { variant_ = &variant; }
  // Fills in the results.
  void make(Call& call);

 private:
  void enter(Call& call) const;
  void unmap(Domain& domain, Range& range) const;

  History& history_;
  ShimEvents& events_;
  const iova_variant* variant_ = nullptr;
};

}  // namespace engine
