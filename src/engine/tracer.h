// SPDX-License-Identifier: GPL-2.0-only
// The trace of a run: what of its history is comparable, as a hash. Of allocators of different
// designs that is what they answer, and what both show.
#pragma once

#include "engine/history.h"
#include "engine/trace.h"
#include "engine/views.h"

namespace engine {

class Tracer : public Listener {
 public:
  void begin(unsigned views = all_views) {
    trace_.clear();
    views_ = views;
  }
  void end_call(Call& call) override;
  void hear(const Event& event) override;
  uint64_t hash() const { return trace_.hash(); }

 private:
  void add_attempts();
  void add(const Snapshot& view);

  Trace trace_;
  unsigned views_ = all_views;
};

}  // namespace engine
