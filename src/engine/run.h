// SPDX-License-Identifier: GPL-2.0-only
// A run: faults, contexts, steps, looks between operations and the end; also what operations use.
// There is one Run per process, whose memory is reused.
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
// The only Run of this process.
Run& the_run();

class Run {
 public:
  const Result& run(const iova_variant& variant, const program::Program& program,
                    const Options& options);
  // Whether variants-differ at an operation of the finished run is a known finding.
  bool knows_difference(size_t operation, const Options& options);
  // Raises variants-differ at an operation of the finished run. Returns the keys of known findings.
  std::vector<std::string> report_difference(size_t operation, std::string values,
                                             const Options& options);
  // Returns true if the run continues past a known finding.
  bool on_finding(const shim::Finding& finding);

  // For operations:
  const iova_variant& variant() const { return *variant_; }
  Domain& domain_of(const Operation& operation) { return books.domains()[operation.domain]; }
  void make(Call& call) {
    Call* outer = std::exchange(position.call, &call);
    caller_.make(call);
    position.call = outer;
  }
  // Begins the next call of a counted operation.
  void begin_next_call();
  // Skips the operation, to keep the callers' duties.
  void skip(const char* why);
  // Skips the operation because its caller would wait for a suspended one. Explorations distinguish
  // this from skip(), whose reason no waiting changes.
  void skip_hindered(const char* why);
  template <class... Arguments>
  void outcome(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    if (options_.on_step)
      position.outcome = fmt::format(text, std::forward<Arguments>(arguments)...);
  }
  // Whether on_step receives outcomes.
  bool is_watched() const { return options_.on_step; }
  // A known finding left a state that nobody can judge.
  bool is_beyond_judgement() const { return scene_.beyond_judgement; }
  // The operation may pass arguments that no in-tree caller uses.
  bool is_edge() const { return edge_; }
  // interleaves(): the program has pauses, and they take effect. overlaps(): a pause has
  // other operations suspended during the current one.
  bool interleaves() const { return strands_.interleave(); }
  bool overlaps() const { return scene_.overlapped; }
  bool promise_is_broken() const { return scene_.promise_broken; }
  bool strands_overlap() const { return strands_.overlap(); }
  // The index of the suspended operation with that name; suspended_contexts() if there is none.
  size_t suspended_as(size_t strand) const { return strands_.suspended_as(strand); }
  // Resumes the nth suspended operation, until its end or its next pause.
  void go_on(size_t nth);
  // Moves the nth suspended operation to another CPU.
  void move(size_t nth, unsigned cpu) { strands_.move(nth, cpu); }
  // Looks at all domains while they still exist, before the operation destroys one.
  void look_before_its_end();
  // Whether the current operation, or the end's replacement for it, was skipped.
  bool was_skipped() const { return skipped_; }
  void forget_skipped() { skipped_ = nullptr; }
  // The highest node without an owner at the latest look at the domain, or NULL.
  const contract::Structure::Unowned* unowned(const Domain& domain) const {
    return judges_.unowned(domain);
  }
  bool all_is_free(const Domain& domain) const { return judges_.all_is_free(domain); }

  // Called before the scheduler enters or leaves a strand; exchange() then swaps the state.
  void before_exchange();
  void exchange(Strand& strand) { strands_.exchange(strand); }

  // Prefixes set these for the next operation.
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
  // Operations that ended after they had been suspended, with their outcomes.
  std::vector<std::pair<const Operation*, std::string>> ended_late_;
  unsigned cpu_ = 0;  // of the current step
  // Set by prefixes, for the next operation.
  shim::FaultMask armed_;
  bool is_armed_ = false;
  bool has_faults_planned_ = false;
  bool in_irq_ = false;
  bool edge_ = false;
  bool slow_ = false;  // the first hardware flush is to be suspended
  std::vector<InjectedFault> injected_;
  // A full look costs time in proportion to the state. Operations earn credit for one.
  uint64_t credit_ = 0, look_cost_ = 0;

  // To find the first wrong operation, a run with a finding is repeated with a full look after each
  // call.
  bool closely_ = false;
  bool repeated_ = false;
  bool reported_ = false;               // a finding was reported, and the process lives on
  std::optional<bool> judges_callers_;  // empty: before the first run
  Moment before_;                       // the state before the current operation or call
  bool showing_ = false;                // on_moments runs; a look may raise another finding
  const program::Program* whole_program_ = nullptr;  // a repeated run executes a part
  struct Met {
    std::string key, operation;
  };
  std::optional<Met> met_first_;  // the finding for which the run was repeated
};

}  // namespace engine
