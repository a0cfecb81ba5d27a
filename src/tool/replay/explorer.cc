// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/explorer.h"

#include <fmt/core.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "tool/replay/known_runs.h"
#include "tool/replay/ran.h"
#include "tool/replay/schedule.h"
#include "tool/support/failure.h"
#include "tool/support/hash.h"

namespace tool {
namespace {

using program::OpCode;
using program::Operation;
using program::Role;

class Explorer {
 public:
  Explorer(const iova_variant& variant, const program::Program& program,
           const ExploreOptions& options)
      : program_(program), options_(options), reduction_(program),
        isolated_(variant, {.record = options.record,
                            .footprints = true,
                            .footprints_from = options.from,
                            .known = options.known}) {
    for (const Operation& operation : program.operations)
      if (operation.code == OpCode::pause)
        first_name_ =
            std::max(first_name_, static_cast<unsigned>(value(operation, Role::strand).number) + 1);
    if (first_name_ + options.preemptions > program::max_suspended)
      throw Failure(
          fmt::format("at most {} operations can be suspended at a time", program::max_suspended));
    if (options.from && options.from >= program.operations.size())
      throw Failure(fmt::format("operation {} does not exist: the program has {}", options.from,
                                program.operations.size()));
  }

  Exploration explore() {
    std::vector<Schedule> these{Schedule(program_)}, next;
    if (!settle(these[0], false)) return std::move(result_);
    for (unsigned done = 0; done < options_.preemptions; done++) {
      const bool is_last = done + 1 == options_.preemptions;
      for (const Schedule& schedule : these)
        if (!expand(schedule, is_last ? nullptr : &next)) return std::move(result_);
      these = std::exchange(next, {});
    }
    return std::move(result_);
  }

 private:
  // The run of a schedule, valid until the next call. NULL if the schedule showed a finding: it is
  // not extended.
  const Ran* ran(const Schedule& schedule) const {
    const Ran* found = known_.find(schedule);
    return found && !found->stretches.empty() ? found : nullptr;
  }

  // Derives the run of the schedule from an equal one, or runs it. Returns false if the exploration
  // ends.
  bool settle(const Schedule& schedule, bool counts = true) {
    if (options_.deadline && std::chrono::steady_clock::now() > *options_.deadline)
      return result_.is_complete = false;
    if (options_.leaves_out_equal)
      if (std::optional<Ran> foreseen =
              reduction_.foresee(schedule, [&](const Schedule& other) { return ran(other); })) {
        result_.equal++;
        known_.add(schedule, *foreseen);
        return true;
      }
    std::vector<size_t> of_step;
    program::Program program = schedule.to_program(program_, &of_step);
    Outcome outcome = isolated_.run(program);
    result_.schedules += counts;
    result_.known_met.insert(outcome.known_met.begin(), outcome.known_met.end());
    options_.on_run(result_, program, outcome);
    if (outcome.kind != Outcome::clean) {
      if (options_.goes_past_findings) return true;
      result_.schedule = std::move(program);
      result_.outcome = std::move(outcome);
      return false;
    }
    const Ran ran = reduction_.read(schedule, of_step, outcome.footprints);
    if (counts && options_.leaves_out_equal)
      result_.different += ends_.insert(reduction_.states(ran).back()).second;
    known_.add(schedule, ran);
    return true;
  }

  bool may_be_suspended(const Schedule& schedule, size_t step) const {
    const Step& of = schedule.steps[step];
    if (of.resumes) return true;
    const OpCode code = program_.operations[of.operation].code;
    const bool has_pause =
        of.operation && program_.operations[of.operation - 1u].code == OpCode::pause;
    return !has_pause && (program::may_be_suspended(code) || code == OpCode::resume);
  }
  bool is_resume(const Step& step) const {
    return step.resumes || program_.operations[step.operation].code == OpCode::resume;
  }
  bool is_prefix(const Step& step) const {
    return !step.resumes && program::is_prefix(program_.operations[step.operation].code);
  }

  // Tries every further preemption behind those that the schedule has.
  bool expand(const Schedule& schedule, std::vector<Schedule>* next) {
    const Ran* of = ran(schedule);
    if (!of) return true;
    const Ran before = *of;
    size_t step = schedule.steps.size();
    while (step > options_.from && !schedule.steps[step - 1].point) step--;
    unsigned names = first_name_;
    for (const Step& one : schedule.steps) names += one.point && !one.resumes;
    std::vector<uint64_t> states;
    if (options_.leaves_out_equal) states = reduction_.states(before);
    std::vector<uint64_t> to_come(schedule.steps.size() + 1);
    for (size_t i = schedule.steps.size(); i-- > 0;)
      to_come[i] =
          mix(to_come[i + 1], schedule.steps[i].operation << 1 | schedule.steps[i].resumes);
    for (; step < before.steps.size(); step++) {
      if (before.steps[step].skipped || !may_be_suspended(schedule, step)) continue;
      const uint16_t owner = *before.owner_of(step);
      const Step& this_step = schedule.steps[step];
      uint8_t name = static_cast<uint8_t>(names);
      if (this_step.resumes)
        name = this_step.name;
      else if (const Operation& operation = program_.operations[this_step.operation];
               operation.code == OpCode::resume)
        name = static_cast<uint8_t>(value(operation, Role::strand).number);
      std::vector<size_t> points;
      for (size_t i = before.steps[step].first; i < before.end_of(step); i++)
        if (before.stretches[i].at_point && before.stretches[i].owner == owner) points.push_back(i);
      for (size_t point = std::min<size_t>(points.size(), program::max_point); point > 0; point--) {
        const size_t at = points[point - 1];
        if (options_.leaves_out_equal) {
          const auto own = std::count_if(
              before.stretches.begin(), before.stretches.begin() + static_cast<ptrdiff_t>(at),
              [&](const Ran::Stretch& one) { return one.owner == owner; });
          uint64_t state = mix(states[at], to_come[step + 1]);
          state = mix(state, owner | static_cast<uint64_t>(own) << 16 |
                                 static_cast<uint64_t>(before.steps[step].cpu) << 48);
          if (!expanded_.insert(state).second) continue;
        }
        if (!suspend(schedule, before, step, static_cast<unsigned>(point), name, owner, next))
          return false;
      }
    }
    return true;
  }

  // Suspends the step at that point while the next one, two, ... operations run.
  bool suspend(const Schedule& schedule, const Ran& before, size_t step, unsigned point,
               uint8_t name, uint16_t owner, std::vector<Schedule>* next) {
    Ran so_far;  // the run that resumes right before the next operation
    size_t resume = 0;
    for (size_t last = step + 1; last < before.steps.size(); last++) {
      if (is_prefix(schedule.steps[last])) continue;
      bool must_wait = options_.leaves_out_equal && !is_resume(schedule.steps[last]) &&
                       (resume ? must_wait_for(so_far, resume, schedule.steps[last])
                               : is_resume(schedule.steps[step]) &&
                                     must_wait_for(before, step, schedule.steps[last]));
      if (!must_wait) {
        Schedule one = schedule.with_preemption(step, point, name, owner, last);
        if (!settle(one)) return false;
        const Ran* ran = this->ran(one);
        if (!ran) continue;
        if (!ran->steps[step].suspended) return true;  // nothing else can run at this point
        const Ran::OfStep& other = ran->steps[last];
        const bool is_over_itself = is_resume(schedule.steps[last]) && !other.hindered;
        must_wait = other.skipped && !before.steps[last].skipped && !is_over_itself;
        if (!must_wait) {
          so_far = *ran;
          resume = last + 1;
          // Another operation waited for it, so it ended before its resume.
          const bool is_over = resume < ran->steps.size() && ran->steps[resume].skipped &&
                               !ran->steps[resume].hindered;
          if (next) next->push_back(std::move(one));
          if (is_over) return true;
          continue;
        }
        if (last + 1 == before.steps.size()) return true;
      }
      return settle(schedule.with_preemption(step, point, name, owner, schedule.steps.size() - 1));
    }
    return true;
  }
  bool must_wait_for(const Ran& ran, size_t step, const Step& with) const {
    return reduction_.must_wait(ran, step, with.operation).value_or(false);
  }

  const program::Program& program_;
  const ExploreOptions& options_;
  Reduction reduction_;
  Isolated isolated_;
  unsigned first_name_ = 0;
  KnownRuns known_;
  // States whose continuations were all tried with at least the preemptions that are left.
  std::unordered_set<uint64_t> expanded_;
  std::unordered_set<uint64_t> ends_;
  Exploration result_;
};

}  // namespace

Exploration explore(const iova_variant& variant, const program::Program& program,
                    const ExploreOptions& options) {
  return Explorer(variant, program, options).explore();
}

}  // namespace tool
