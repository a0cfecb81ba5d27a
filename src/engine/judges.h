// SPDX-License-Identifier: GPL-2.0-only
// All judges of a run, and the order in which they receive its events. Findings of one event are
// raised in that order, and a report has only the first.
#pragma once

#include "engine/contract/duties.h"
#include "engine/contract/judges.h"
#include "engine/contract/views/judges.h"
#include "engine/history.h"
#include "engine/judge.h"
#include "engine/reference/judges.h"
#include "engine/reference/models.h"
#include "engine/tracer.h"

namespace engine {

class Judges : public Listener {
 public:
  Judges(Scene& scene, Tracer& tracer) : scene_(scene), tracer_(tracer) {}
  // Subscribes the judges to the history; to_callers adds the judge of the callers' duties.
  void listen(History& history, bool to_callers);
  // Begins a run. Judges use only these of the variant's views.
  void begin(unsigned views = all_views);
  // Until the end of the run only the contract judges, since calls overlap.
  void leave_to_contract() { has_models_ = false; }
  void begin_call(Call& call) override;
  void end_call(Call& call) override;
  void hear(const Event& event) override;

  // NULL if the models do not know the allocator's design.
  const reference::Models* known_models() const { return has_models_ ? &models_ : nullptr; }

  // A fault made the current operation report failure.
  bool operation_failed() const { return failures_.operation_failed(); }
  // The highest node without an owner at the latest look at the domain, or NULL.
  const contract::Structure::Unowned* unowned(const Domain& domain) const {
    return structure_.unowned(domain);
  }
  bool all_is_free(const Domain& domain) const { return structure_.all_is_free(domain); }

 private:
  // Explains refusals by the models if they know the design, else by the hint.
  class Causes : public contract::Explanation {
   public:
    explicit Causes(const Judges& judges) : judges_(judges) {}
    Cause explain_refusal(const Domain& domain, const Request& request) const override;

   private:
    const Judges& judges_;
  };
  void judge_end(Call& call);
  template <class... Listeners>
  void tell_begin(Call& call, Listeners&... listeners);
  template <class... Listeners>
  void tell_end(Call& call, Listeners&... listeners);
  template <class... Listeners>
  void tell(const Event& event, Listeners&... listeners);

  bool has_models_ = true;
  Causes causes_{*this};
  Scene& scene_;
  Tracer& tracer_;
  bool to_callers_ = false;
#define JUDGE(type, name, ...) type name{__VA_ARGS__};
#include "engine/judges.inc"
#undef JUDGE
};

}  // namespace engine
