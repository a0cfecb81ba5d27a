// SPDX-License-Identifier: GPL-2.0-only
// All judges of a run, and the order in which they hear of its events. That is the order in which
// findings of one event are raised, and only the first ends up in a report.
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
  // They listen to the history from now on, and to the callers' side as well if so.
  void listen(History& history, bool to_callers);
  // Of a run, with those views of the variant's that all judges may use.
  void begin(unsigned views = all_views);
  // To the end of the run: calls overlap, and only the contract says what is right.
  void leave_to_contract() { has_models_ = false; }
  void begin_call(Call& call) override;
  void end_call(Call& call) override;
  void hear(const Event& event) override;

  // NULL: the allocator is of another design.
  const reference::Models* known_models() const { return has_models_ ? &models_ : nullptr; }

  // A fault made the operation at hand report failure.
  bool operation_failed() const { return failures_.operation_failed(); }
  // The highest node that nobody owned when the domain was looked at last, or NULL.
  const contract::Structure::Unowned* unowned(const Domain& domain) const {
    return structure_.unowned(domain);
  }
  bool all_is_free(const Domain& domain) const { return structure_.all_is_free(domain); }

 private:
  // Who knows why a request was refused.
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
