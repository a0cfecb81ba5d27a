// SPDX-License-Identifier: GPL-2.0-only
#include "engine/run.h"

#include <unistd.h>

#include <algorithm>
#include <bit>

#include "engine/describer.h"
#include "engine/ending.h"
#include "engine/operations/operations.h"
#include "shim/context.h"
#include "shim/cost.h"
#include "shim/cpu.h"
#include "shim/iommu.h"
#include "shim/locks.h"
#include "shim/object.h"
#include "shim/races.h"
#include "shim/sanitizer.h"
#include "shim/timekeeping.h"

namespace engine {

namespace {

// The handler of a finding throws these through allocator and shim, up to Run::run(). No function
// on the way is noexcept. Scopes that end on the way release nothing (shim_is_given_up()), and
// resetting the world discards half-done work. Suspended contexts are not unwound; their stacks are
// dropped with the world.
struct Abandoned {};  // the run is repeated, or was reported
struct GivenUp {};    // a known finding ends the run

}  // namespace

const Result& Run::run(const iova_variant& variant, const program::Program& program,
                       const Options& options) {
  whole_program_ = &program;
  // Options::only has a key of a close look, so look closely from the start.
  closely_ = options.always_check || !options.only.empty();
  repeated_ = reported_ = false;
  met_first_.reset();
  try {
    try {
      return run_once(variant, program, options);
    } catch (const Abandoned&) {
      if (reported_) return abandon();
    }
    closely_ = repeated_ = true;
    return run_once(variant, program, options);
  } catch (const Abandoned&) {
    return abandon();
  } catch (const GivenUp&) {
    return give_up();
  }
}

// Ends a run that cannot continue.
const Result& Run::abandon() {
  running_ = false;
  policy_.end();
  result_.reported = true;
  return result_;
}

const Result& Run::run_once(const iova_variant& variant, const program::Program& program,
                            const Options& options) {
  begin(variant, program, options);
  execute_all();
  if (!is_beyond_judgement()) finish_suspended();
  if (is_beyond_judgement()) return give_up();
  end();
  return result_;
}

void Run::begin(const iova_variant& variant, const program::Program& program,
                const Options& options) {
  variant_ = scene_.variant = &variant;
  options_ = options;
  result_.attempts.clear();
  result_.costs.clear();
  result_.traces.clear();
  result_.known_met.clear();
  result_.reported = false;
  skipped_ = nullptr;
  position.outcome.clear();
  ended_late_.clear();
  is_armed_ = in_irq_ = slow_ = edge_ = false;
  strands_.begin(!options.in_sequence && program::has_pauses(program));
  scene_.beyond_judgement = scene_.promise_broken = scene_.overlapped = false;
  scene_.ambient = scene_.ambient_begun = 0;
  injected_.clear();
  before_ = {};
  credit_ = look_cost_ = 0;
  running_ = true;
  position = {.program = &program};
  size_t ranges = 0;
  for (const Operation& operation : program.operations) ranges += calls(operation);
  books.begin(variant, ranges);
  looker_.use(variant);
  caller_.use(variant);
  tracer_.begin(options.views, options.ignored, options.traced);
  judges_.begin(options.views);
  // Only a repeated run judges the callers, too.
  if (judges_callers_ != repeated_) judges_.listen(history, repeated_);
  judges_callers_ = repeated_;
  policy_.begin(options, variant.strict, closely_);
  shim_events.begin(variant, closely_ && !interleaves());
  shim::set_attempt_observer(
      history.is_heard(Kind::attempt)
          ? [](const shim::Attempt& attempt) { the_run().shim_events.on_attempt(attempt); }
          : static_cast<void (*)(const shim::Attempt&)>(nullptr));
  shim::set_point_observer(options.footprints
                               ? [](bool at_point) { the_run().begin_stretch(at_point); }
                               : static_cast<void (*)(bool)>(nullptr));
  shim::record_footprint(nullptr);
  if (options.footprints) options.footprints->operations.clear();
  shim::reset_world(program::cpus_of(program), variant.hz ? variant.hz : options.hz);
  variant.reset();
  shim::watch_races(options.watch_races);
}

void Run::execute_all() {
  const std::vector<Operation>& operations = position.program->operations;
  for (position.current = 0; position.current < operations.size(); position.current++) {
    const Operation& operation = operations[position.current];
    if (program::is_prefix(operation.code)) {
      cpu_ = raw_smp_processor_id();
      operations::function_of(operation.code)(*this, operation);
      finish_step();
      continue;
    }
    shim::set_current_operation(static_cast<uint32_t>(position.current));
    plan();
    if (options_.footprints) {
      options_.footprints->operations.resize(position.current + 1);
      begin_stretch(false);
    }
    scene_.overlapped = strands_.overlap();
    execute_in_strand(operation);
    in_irq_ = slow_ = edge_ = false;
    strands_.forget_pause();
    shim_events.let_flush_last(false);
    if (is_beyond_judgement()) return;
    end_stretch();
    finish_operation(operation);
  }
}

void Run::fail_attempts(const program::Value& mask) {
  if (!shows_all_of_models(options_.views)) return;
  if (!is_armed_) armed_.reset();
  is_armed_ = true;
  for (uint64_t rest = mask.number; rest; rest &= rest - 1)
    armed_.set(mask.base + std::countr_zero(rest));
}

void Run::plan() {
  for (const FaultPoint& point : options_.faults) {
    bool is_later = point.is_first_of_all && point.operation < position.current;
    size_t first = is_later ? 0 : point.attempt;
    if ((point.operation != position.current && !is_later) || first >= shim::max_planned_attempts)
      continue;
    if (!is_armed_) armed_.reset();
    is_armed_ = true;
    if (point.is_first_of_all)
      armed_ |= ~shim::FaultMask() << first;
    else
      armed_.set(first);
  }
  has_faults_planned_ = std::exchange(is_armed_, false);
  if (has_faults_planned_)
    shim::plan_faults(armed_);
  else
    shim::plan_no_faults();
  position.call_start = position.calls_begun = 0;
  position.resumed = nullptr;
  cpu_ = raw_smp_processor_id();
  shim::start_cost();
  shim_events.begin_handlers();
}

void Run::execute(const Operation& operation) {
  history.add(
      {.kind = Kind::operation_begin, .operation = &operation, .number = has_faults_planned_});
  if (const char* why = strands_.hindrance(operation, in_irq_)) return skip_hindered(why);
  operations::function_of(operation.code)(*this, operation);
}

void Run::execute_in_context(const Operation& operation) {
  bool in_irq = in_irq_ && program::spec(operation.code).any_context;
  if (in_irq) shim_irq_enter();
  execute(operation);
  if (in_irq) shim_irq_exit();
}

void Run::execute_in_strand(const Operation& operation) {
  const Strands::Fate fate = strands_.start(operation, slow_);
  if (fate == Strands::Fate::not_started) return execute_in_context(operation);
  if (fate == Strands::Fate::suspended) tell_suspended();
}

// The operation ends while another one is the current operation.
void Run::end_late() {
  if (position.running() < result_.attempts.size())
    result_.attempts[position.running()] = shim::attempts().size();
  note_faults();
  if (is_watched()) ended_late_.emplace_back(position.of_strand, std::move(position.outcome));
  shim::check_end_of_operation(position.operation_name());
  // The end of the program takes no step that would record this moment.
  if (options_.on_moments && !position.operation()) before_ = moment(true);
}

// Scheduling points at the end of the program belong to no operation.
void Run::begin_stretch(bool at_point) {
  if (position.current >= options_.footprints->operations.size()) return;
  end_stretch();
  if (position.current < options_.footprints_from) return;
  auto& all = options_.footprints->operations[position.current].stretches;
  all.push_back({{}, position.running(), raw_smp_processor_id(), at_point});
  shim::record_footprint(&all.back().touched);
}

size_t Footprints::OfOperation::points() const {
  size_t points = 0;
  // Other owners were waited for here. Their scheduling points cannot be paused.
  for (const Stretch& stretch : stretches)
    points += stretch.at_point && stretch.owner == stretches.back().owner;
  return points;
}

void Run::end_stretch() {
  if (!options_.footprints) return;
  shim::record_footprint(nullptr);
  auto& operation = options_.footprints->operations[position.current];
  if (!operation.stretches.empty()) shim::sort_footprint(operation.stretches.back().touched);
  operation.skipped = skipped_;
}

void Run::tell_suspended() {
  if (options_.footprints) {
    options_.footprints->operations[position.current].suspended = true;
    end_stretch();
  }
  if (!is_watched()) return;
  const shim::Suspended is = shim::suspended(shim::suspended_contexts() - 1);
  outcome("{}, now on CPU {}", describe_suspended(is), raw_smp_processor_id());
}

void Run::go_on(size_t nth) {
  cpu_ = shim::suspended(nth).cpu;
  if (strands_.resume(nth) == Strands::Fate::suspended) tell_suspended();
}

// A pending release is settled before other operations run. If a pause leaves it half done, no
// model may look.
void Run::before_exchange() {
  if (position.may_pause) judges_.leave_to_contract();
  shim_events.settle();
}

void Run::skip(const char* why) {
  skipped_ = why;
  history.add({.kind = Kind::skipped});
}

void Run::skip_hindered(const char* why) {
  if (options_.footprints) options_.footprints->operations[position.current].hindered = true;
  skip(why);
}

void Run::begin_next_call() {
  if (closely_ && !strands_.overlap() && position.calls_begun && position.operation())
    look_between_calls();
  position.calls_begun++;
  position.call_start = shim::attempts().size();
}

// Omits looks between calls where their cost, which grows with the square of the operation's work,
// is too high.
void Run::look_between_calls() {
  constexpr uint64_t most_looks = uint64_t{1} << 21;
  if (calls(*position.operation()) * shim::live_slab_objects() > most_looks) return;
  shim_events.settle();
  history.add({.kind = Kind::quiet});
  looker_.look();
  if (options_.on_moments) before_ = moment(true);
}

void Run::finish_operation(const Operation& operation) {
  position.call_start = position.calls_begun = 0;
  shim_events.settle();
  result_.attempts.resize(position.current);
  result_.attempts.push_back(shim::attempts().size());
  result_.costs.resize(position.current);
  result_.costs.push_back(shim::cost().longest);
  history.add({.kind = Kind::operation_end, .operation = &operation});
  note_faults();
  shim::check_end_of_operation(position.operation_name());
  if (strands_.overlap()) return finish_step();
  history.add({.kind = Kind::quiet, .operation = &operation});
  if (judges_.operation_failed()) credit_ = look_cost_;
  credit_ += 1 + calls(operation) / 8;
  if (credit_ >= look_cost_ || closely_) look();
  finish_step();
}

void Run::look() {
  constexpr uint64_t looks_per_operation = 4;
  looker_.look();
  uint64_t looks = shim::live_slab_objects();
  for (const Domain& domain : books.domains())
    if (domain.memory && domain.has_rcaches) looks += variant_->bins * (num_possible_cpus() + 1);
  look_cost_ = looks / looks_per_operation;
  credit_ = 0;
}

void Run::look_before_its_end() {
  if (credit_ && !strands_.overlap()) look();
}

void Run::finish_step() {
  if (options_.on_step) {
    // The current operation resumed these, or waited for them.
    for (const auto& [operation, answer] : ended_late_)
      position.outcome += fmt::format(
          "{}{} (operation {}) ends{}{}", position.outcome.empty() ? "" : "; ",
          program::spec(operation->code).name, operation - position.program->operations.data(),
          answer.empty() ? "" : ": ", answer);
    ended_late_.clear();
    unsigned suspended_on = 0;
    for (size_t i = 0; i < shim::suspended_contexts(); i++)
      suspended_on |= 1u << shim::suspended(i).cpu;
    bool prefix = position.operation() && program::is_prefix(position.operation()->code);
    options_.on_step({position.current, skipped_ != nullptr, skipped_ ? skipped_ : position.outcome,
                      closely_ && !strands_.overlap()
                          ? describe_allocator(*variant_, books.domains(), options_.views)
                          : "",
                      prefix ? std::span<const shim::Attempt>{} : shim::attempts(),
                      prefix ? 0 : shim::cost().steps, prefix ? 0 : shim::cost().longest,
                      prefix ? 0 : shim_events.handler_steps(), books.ranges_in_use(), cpu_,
                      suspended_on});
    position.outcome.clear();
  }
  if (options_.on_moments && running_) before_ = moment(true);
  skipped_ = nullptr;
  result_.traces.push_back(tracer_.hash());
}

// Ends the run without the checks of an end.
const Result& Run::give_up() {
  result_.attempts.resize(position.program->operations.size());
  result_.costs.resize(position.program->operations.size());
  outcome("the run ends with this finding");
  finish_step();
  result_.trace_hash = tracer_.hash();
  running_ = false;
  policy_.end();
  return result_;
}

void Run::end() {
  result_.attempts.resize(position.program->operations.size());
  result_.costs.resize(position.program->operations.size());
  look();
  ending::free_everything(*this);
  looker_.look();
  for (Domain& domain : books.domains())
    if (domain.memory) ending::ask_for_what_nobody_owns(*this, domain);
  ending::ask_for_everything(*this);
  std::string left = ending::put_everything(*this);
  shim::check_end_of_operation("end");
  shim::check_end_of_run();
  history.add({.kind = Kind::over});
  outcome("{}", left);
  finish_step();
  result_.trace_hash = tracer_.hash();
  running_ = false;
  policy_.end();
}

void Run::finish_suspended() {
  const Operation flush_done = program::make(OpCode::flush_done);
  AtEnd finishing(position, flush_done);
  shim::set_current_operation(shim::outside_program);
  shim::plan_no_faults();
  scene_.overlapped = strands_.overlap();
  while (shim::suspended_contexts()) shim::finish_oldest_context();
  scene_.overlapped = false;
}

// Records the faults of the current operation.
void Run::note_faults() {
  const size_t operation = position.running();
  std::erase_if(injected_, [=](const InjectedFault& one) { return one.operation == operation; });
  auto attempts = shim::attempts();
  for (size_t i = 0; i < attempts.size(); i++)
    if (attempts[i].failed) injected_.push_back({operation, i, attempts[i]});
}

// The domain is being set up or torn down, so its views may not be ready.
bool Run::is_half_done(const Domain& domain) const {
  auto is_of = [&](const Call* call) {
    return call && !call->is_over && call->domain == &domain &&
           (call->function == Function::init_domain || call->function == Function::init_rcaches ||
            call->function == Function::put_domain || call->function == Function::queue_init);
  };
  return domain.is_being_put || is_of(position.call) ||
         std::any_of(strands_.all().begin(), strands_.all().end(),
                     [&](const Strand& s) { return s.is_in_use && is_of(s.position.call); });
}

Moment Run::moment(bool with_views) const {
  shim::Unscheduled looking;
  Moment moment;
  moment.ms = shim_now();
  moment.cpu = raw_smp_processor_id();
  moment.suspended = shim::suspended_contexts();
  for (const Domain& domain : books.domains())
    if (domain.memory)
      moment.domains.push_back(
          moment_of(domain, *variant_, with_views && variant_->views && !is_half_done(domain)));
  if (position.call) moment.call = moment_of(*position.call);
  return moment;
}

bool Run::on_finding(const shim::Finding& finding) {
  if (showing_) return false;
  scene_.findings++;
  if (options_.on_finding) options_.on_finding(finding);
  scene_.promise_broken |= !promise_of(finding.oracle->id).empty();
  if (running_) note_faults();
  std::string key = key_of(finding, position, injected_);
  history.add({.kind = Kind::finding, .text = key.c_str()});
  Fate fate = policy_.fate_of(finding, key);
  if (fate == Fate::go_past || fate == Fate::give_up) {
    std::vector<std::string>& met = result_.known_met;
    if (std::find(met.begin(), met.end(), key) == met.end()) met.push_back(key);
    if (fate == Fate::give_up) shim::leave_contexts([] { throw GivenUp{}; });
    return true;
  }
  if (fate == Fate::end_quietly) _exit(0);
  if (fate != Fate::report) met_first_ = {key, describe_operation(*whole_program_, position)};
  // If a known finding caused this one, the repeated run may meet nothing else.
  if (fate == Fate::look_closer) shim::leave_contexts([] { throw Abandoned{}; });
  Report report = describe(finding, std::move(key),
                           {*whole_program_, position, books, judges_.known_models(), *variant_,
                            injected_, result_.known_met});
  if (met_first_ && met_first_->operation != report.operation)
    report.came_to = fmt::format("{} at {}", met_first_->key, met_first_->operation);
  const auto tell = options_.on_moments;
  Moment now = tell ? moment(false) : Moment();
  if (fate == Fate::report_closely) repeat_closely_before_this_call();
  deliver(report);
  if (tell) {
    showing_ = true;
    tell(before_, now);
    // After a crash nobody reads the allocator's state. Otherwise reading it may itself crash.
    if (!finding.dying) {
      now = moment(true);
      tell(before_, now);
    }
    showing_ = false;
  }
  if (!options_.survives_findings || finding.dying) return false;
  reported_ = true;
  shim::leave_contexts([] { throw Abandoned{}; });
}

// The process dies in the current call. If the repeated run finds something before that call, that
// is reported instead and ends the process. The current run cannot continue.
void Run::repeat_closely_before_this_call() {
  static program::Program before;
  const std::vector<Operation>& operations = position.program->operations;
  size_t whole = std::min(position.current, operations.size());
  before.operations.assign(operations.begin(), operations.begin() + static_cast<ptrdiff_t>(whole));
  const Operation* operation = position.operation();
  if (position.calls_begun > 1 && operation && calls(*operation) >= position.calls_begun) {
    Operation counted = *operation;
    counted.operands[program::operand_index(counted.code, Role::count)].number =
        position.calls_begun - 1;
    before.operations.push_back(counted);
  }
  Options closely = options_;
  closely_ = repeated_ = true;
  closely.on_step = nullptr;
  closely.survives_findings = false;
  begin(*variant_, before, closely);
  execute_all();
}

shim::Finding Run::difference_at(size_t operation, std::string values, const Options& options) {
  position.current = operation;
  position.call_start = position.calls_begun = 0;
  options_ = {.known = options.known, .only = options.only, .keep = options.keep};
  policy_.begin(options_, true, true);
  return {&oracle::variants_differ, position.function(), "", std::move(values), nullptr};
}

bool Run::knows_difference(size_t operation, const Options& options) {
  const shim::Finding finding = difference_at(operation, "", options);
  return policy_.is_known(finding, key_of(finding, position, injected_));
}

std::vector<std::string> Run::report_difference(size_t operation, std::string values,
                                                const Options& options) {
  const shim::Finding finding = difference_at(operation, std::move(values), options);
  result_.known_met.clear();
  shim::raise(finding);
  return result_.known_met;
}

Run& the_run() {
  static Run run;
  return run;
}

const Result& run(const iova_variant& variant, const program::Program& program,
                  const Options& options) {
  static bool ready = [] {
    shim::catch_sanitizer_reports();
    return true;
  }();
  (void)ready;
  shim::set_finding_handler(
      [](const shim::Finding& finding) { return the_run().on_finding(finding); });
  shim::set_iommu_handlers(
      {[](const void* domain) { the_run().shim_events.on_hardware_flush(domain); },
       [](const list_head* list) { the_run().shim_events.on_pages_put(list); },
       [](const void* domain, unsigned long pfn) {
         the_run().shim_events.on_free_queued(domain, pfn);
       }});
  shim::set_context_observer(
      {.before = [] { the_run().before_exchange(); },
       .exchange = [](void* strand) { the_run().exchange(*static_cast<Strand*>(strand)); }});
  shim::set_event_observer([](bool is_timer) { the_run().shim_events.on_handler(is_timer); });
  return the_run().run(variant, program, options);
}

}  // namespace engine
