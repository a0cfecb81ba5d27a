// SPDX-License-Identifier: GPL-2.0-only
// The models of all domains in lock step with the allocator: what is told of it, they do as well.
// What each answered to the call at hand, other judges compare.
#pragma once

#include <array>
#include <vector>

#include "engine/explanation.h"
#include "engine/judge.h"
#include "engine/reference/model.h"
#include "engine/reference/rcache_model.h"

namespace engine::reference {

struct DomainModel {
  Model tree;
  RcacheModel rcache;
};

class Models : public Judge, public contract::Explanation {
 public:
  using Judge::Judge;
  void begin() override { clock_ = {}; }
  void begin_call(Call& call) override;
  // The first to hear the end of a call. A free that makes other allocations than it should is
  // raised here: which ones those were is known only while the model takes them.
  void end_call(Call& call) override;
  void hear(const Event& event) override;

  const DomainModel& of(const Domain& domain) const { return models_[domain.number]; }
  DomainModel& of(const Domain& domain) { return models_[domain.number]; }
  // What the latest request must come to.
  const FastAnswer& answer() const { return answer_; }
  // They go on from what the allocator did.
  void adopt(const Domain& domain);
  Cause explain_refusal(const Domain& domain, const Request& request) const override;

 private:
  void start_rcaches(const Domain& domain);
  void free(const Domain& domain, const Range& range, bool fast, unsigned cpu,
            size_t first_attempt);
  bool run_work();

  std::array<DomainModel, program::max_domains> models_;
  ModelClock clock_;
  FastAnswer answer_{};
};

}  // namespace engine::reference
