// SPDX-License-Identifier: GPL-2.0-only
// Makes all calls into the allocator and adds them to the history.
#pragma once

#include "engine/history.h"
#include "engine/shim_events.h"
#include "iova/variant.h"

namespace engine {

// Whether the pointer is inside a live object of the allocator, so that it may be dereferenced.
bool may_be_range(const void* iova);

class Caller {
 public:
  Caller(History& history, ShimEvents& events) : history_(history), events_(events) {}
  void use(const iova_variant& variant) { variant_ = &variant; }
  // Makes the call and fills in its results.
  void make(Call& call);

 private:
  void enter(Call& call) const;
  void unmap(Domain& domain, Range& range) const;

  History& history_;
  ShimEvents& events_;
  const iova_variant* variant_ = nullptr;
};

}  // namespace engine
