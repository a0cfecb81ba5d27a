// SPDX-License-Identifier: GPL-2.0-only
// The trace of a run: what of its history is comparable, as a hash.
#pragma once

#include "engine/history.h"
#include "engine/trace.h"

namespace engine {

class Tracer : public Listener {
 public:
  void begin() { trace_.clear(); }
  void end_call(Call& call) override;
  void hear(const Event& event) override;
  uint64_t hash() const { return trace_.hash(); }

 private:
  void add_attempts();
  void add(const Snapshot& view);

  Trace trace_;
};

}  // namespace engine
