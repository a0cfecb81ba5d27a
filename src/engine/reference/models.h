// SPDX-License-Identifier: GPL-2.0-only
// The models of all domains, which replay every event in lock step with the allocator. Other judges
// compare their answers to the current call.
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
  // The models are first to see the end of a call. They raise a free with a wrong number of
  // allocation attempts here, since only the model knows the expected ones at this point.
  void end_call(Call& call) override;
  void hear(const Event& event) override;

  const DomainModel& of(const Domain& domain) const { return models_[domain.number]; }
  DomainModel& of(const Domain& domain) { return models_[domain.number]; }
  // The expected result of the latest request.
  const FastAnswer& answer() const { return answer_; }
  // The models copy the allocator's state.
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
