// SPDX-License-Identifier: GPL-2.0-only
// The frame of a run: faults, contexts, steps, the looks between them, the end; and what operations
// find around them. There is one at a time, and its memory serves run after run.
#pragma once

#include <fmt/core.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/books.h"
#include "engine/caller.h"
#include "engine/engine.h"
#include "engine/history.h"
#include "engine/judges.h"
#include "engine/policy.h"
#include "engine/position.h"
#include "engine/shim_events.h"
#include "engine/strands.h"
#include "engine/tracer.h"
#include "engine/views.h"
#include "shim/finding.h"

namespace engine {

class Run;
// The one of this process.
Run& the_run();

class Run {
 public:
  const Result& run(const iova_variant& variant, const program::Program& program,
                    const Options& options);
  // Whether variants-differ at an operation of the run that is over would be gone past.
  bool knows_difference(size_t operation, const Options& options);
  // Raises it. Returns the keys gone past.
  std::vector<std::string> report_difference(size_t operation, std::string values,
                                             const Options& options);
  // Returns true to go on past a known finding.
  bool on_finding(const shim::Finding& finding);

  // For operations:
  const iova_variant& variant() const { return *variant_; }
  Domain& domain_of(const Operation& operation) { return books.domains()[operation.domain]; }
  void make(Call& call) {
    const Call* outer = std::exchange(position.call, &call);
    caller_.make(call);
    position.call = outer;
  }
  // A counted operation begins its next call.
  void begin_next_call();
  // Nothing is done, to keep the callers' duties.
  void skip(const char* why);
  // Its caller has to wait for what is suspended. skip() is for what no waiting changes:
  // explorations tell the two apart.
  void skip_hindered(const char* why);
  template <class... Arguments>
  void outcome(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    if (options_.on_step)
      position.outcome = fmt::format(text, std::forward<Arguments>(arguments)...);
  }
  // Somebody reads outcomes.
  bool is_watched() const { return options_.on_step; }
  // A finding was gone past that leaves nothing to judge.
  bool is_beyond_judgement() const { return scene_.beyond_judgement; }
  // The operation may do what no caller does.
  bool is_edge() const { return edge_; }
  // Operations of the program overlap; those of now do.
  bool interleaves() const { return strands_.interleave(); }
  bool overlaps() const { return scene_.overlapped; }
  bool promise_is_broken() const { return scene_.promise_broken; }
  bool strands_overlap() const { return strands_.overlap(); }
  // Of what is suspended, the one of that name; suspended_contexts(): none.
  size_t suspended_as(size_t strand) const { return strands_.suspended_as(strand); }
  // The nth suspended operation does, to its end or to the next pause.
  void go_on(size_t nth);
  // While there is something to look at.
  void look_before_its_end();
  // By the operation that is executed now, or by what takes its place at the end.
  bool was_skipped() const { return skipped_; }
  void forget_skipped() { skipped_ = nullptr; }
  // The highest node that nobody owned when the domain was looked at last, or NULL.
  const contract::Structure::Unowned* unowned(const Domain& domain) const {
    return judges_.unowned(domain);
  }
  bool all_is_free(const Domain& domain) const { return judges_.all_is_free(domain); }

  // Another strand will be entered or left; it is.
  void before_exchange();
  void exchange(Strand& strand) { strands_.exchange(strand); }

  // For prefixes: of the next operation.
  void fail_attempts(const program::Value& mask);
  void be_in_interrupt() { in_irq_ = true; }
  void be_slow() {
    slow_ = true;
    shim_events.let_flush_last(true);
  }
  void be_edge(bool is_edge = true) { edge_ = is_edge; }
  void be_paused(uint64_t point, size_t strand) { strands_.pause_next(point, strand); }

  Books books;
  Position position;
  History history;
  ShimEvents shim_events{history, books, position, looker_};

 private:
  shim::Finding difference_at(size_t operation, std::string values, const Options& options);
  const Result& run_once(const iova_variant& variant, const program::Program& program,
                         const Options& options);
  void begin(const iova_variant& variant, const program::Program& program, const Options& options);
  void execute_all();
  void plan();
  void execute(const Operation& operation);
  void execute_in_context(const Operation& operation);
  void execute_in_strand(const Operation& operation);
  void end_late();
  void tell_suspended();
  void begin_stretch(bool at_point);
  void end_stretch();
  void finish_operation(const Operation& operation);
  void finish_step();
  void look();
  void look_between_calls();
  void end();
  const Result& give_up();
  const Result& abandon();
  void finish_suspended();
  void note_faults();
  bool is_half_done(const Domain& domain) const;
  Moment moment(bool with_views) const;
  void repeat_closely_before_this_call();

  const iova_variant* variant_ = nullptr;
  Options options_;
  Result result_{};
  Looker looker_{history, books};
  Scene scene_{books, position, looker_};
  Strands strands_{scene_,
                   shim_events,
                   {.execute = [](const Operation& one) { the_run().execute_in_context(one); },
                    .ended_late = [] { the_run().end_late(); }}};
  Tracer tracer_;
  Judges judges_{scene_, tracer_};
  Caller caller_{history, shim_events};
  Policy policy_;

  bool running_ = false;
  const char* skipped_ = nullptr;
  // Operations that were suspended and ended since, with what they came to.
  std::vector<std::pair<const Operation*, std::string>> ended_late_;
  unsigned cpu_ = 0;  // of the step at hand
  // Of the next operation.
  shim::FaultMask armed_;
  bool is_armed_ = false;
  bool has_faults_planned_ = false;
  bool in_irq_ = false;
  bool edge_ = false;
  bool slow_ = false;  // the first hardware flush is to last
  std::vector<InjectedFault> injected_;
  // Looks at everything cost what they look at; operations earn the right to one.
  uint64_t credit_ = 0, look_cost_ = 0;

  // A finding is told where things went wrong first: for it, the run is repeated with a look at
  // everything after each call.
  bool closely_ = false;
  bool repeated_ = false;
  bool reported_ = false;                            // and the process lives on
  std::optional<bool> judges_callers_;               // nothing while nobody listens
  Moment before_;                                    // the operation or call at hand
  bool showing_ = false;                             // a finding, which may lead to another
  const program::Program* whole_program_ = nullptr;  // of which a repeated run takes a part
  struct Met {
    std::string key, operation;
  };
  std::optional<Met> met_first_;  // what the run was repeated for
};

}  // namespace engine
