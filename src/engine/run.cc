// SPDX-License-Identifier: GPL-2.0-only
#include "engine/run.h"

#include <unistd.h>

#include <algorithm>
#include <bit>

#include "engine/describer.h"
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

// Thrown by the handler of a finding, through the allocator and the shim, to where the run began.
// Nothing on the way is noexcept; the allocator and the shim hold nothing in destructors, and what
// they leave half done is reset with the world. Contexts that are suspended are not unwound: their
// stacks are dropped with the world, too.
struct Abandoned {};  // to be repeated
struct GivenUp {};    // with a known finding

}  // namespace

const Result& Run::run(const iova_variant& variant, const program::Program& program,
                       const Options& options) {
  whole_program_ = &program;
  // A key tells where things went wrong first, so that one is looked for from the start.
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

// Nothing more can be done with this run.
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
  outcome_.clear();
  is_armed_ = in_irq_ = slow_ = edge_ = false;
  scene_.beyond_judgement = scene_.promise_broken = false;
  injected_.clear();
  credit_ = look_cost_ = 0;
  running_ = true;
  position = {.program = &program};
  size_t ranges = 0;
  for (const Operation& operation : program.operations) ranges += calls(operation);
  books.begin(variant, ranges);
  looker_.use(variant);
  caller_.use(variant);
  tracer_.begin(options.views);
  judges_.begin(options.views);
  // The callers are judged where a finding is to be told.
  if (judges_callers_ != repeated_) judges_.listen(history, repeated_);
  judges_callers_ = repeated_;
  policy_.begin(options, variant.strict, closely_);
  shim_events.begin(variant, closely_);
  shim::set_attempt_observer(
      history.is_heard(Kind::attempt)
          ? [](const shim::Attempt& attempt) { the_run().shim_events.on_attempt(attempt); }
          : static_cast<void (*)(const shim::Attempt&)>(nullptr));
  unsigned cpus = 2;
  if (!program.operations.empty() && program.operations[0].code == OpCode::cpus)
    cpus = static_cast<unsigned>(value(program.operations[0], Role::cpus).number);
  shim::reset_world(cpus);
  variant.reset();
  shim::watch_races(options.watch_races);
}

void Run::execute_all() {
  const std::vector<Operation>& operations = position.program->operations;
  for (position.current = 0; position.current < operations.size(); position.current++) {
    const Operation& operation = operations[position.current];
    if (program::is_prefix(operation.code)) {
      operations::function_of(operation.code)(*this, operation);
      finish_step();
      continue;
    }
    shim::set_current_operation(static_cast<uint32_t>(position.current));
    plan();
    if (slow_)
      execute_with_slow_flush(operation);
    else
      execute_in_context(operation);
    in_irq_ = slow_ = edge_ = false;
    shim_events.let_flush_last(false);
    if (is_beyond_judgement()) return;
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
  shim::start_cost();
  shim_events.begin_handlers();
}

void Run::execute(const Operation& operation) {
  history.add(
      {.kind = Kind::operation_begin, .operation = &operation, .number = has_faults_planned_});
  operations::function_of(operation.code)(*this, operation);
}

void Run::execute_in_context(const Operation& operation) {
  bool in_irq = in_irq_ && program::spec(operation.code).any_context;
  if (in_irq) shim_irq_enter();
  execute(operation);
  if (in_irq) shim_irq_exit();
}

void Run::execute_with_slow_flush(const Operation& operation) {
  bool may_flush = program::spec(operation.code).may_flush;
  if (!may_flush || !shim::can_start_context()) return execute_in_context(operation);
  unsigned cpu = raw_smp_processor_id();
  const Operation* started = &operation;  // of the program: it outlives the context
  bool ended = shim::start_context(
      [](void* argument) {
        const Operation& operation = **static_cast<const Operation**>(argument);
        the_run().position.of_strand = &operation;
        the_run().execute_in_context(operation);
      },
      &started);
  if (ended) return;
  shim_set_current_cpu(idle_cpu(cpu));
  outcome("a hardware flush lasts on CPU {}, now on CPU {}", cpu, raw_smp_processor_id());
}

void Run::skip(const char* why) {
  skipped_ = why;
  history.add({.kind = Kind::skipped});
}

void Run::begin_next_call() {
  if (closely_ && position.calls_begun && position.operation()) look_between_calls();
  position.calls_begun++;
  position.call_start = shim::attempts().size();
}

// Looks that grow with the square of what an operation does are left out where that is much.
void Run::look_between_calls() {
  constexpr uint64_t most_looks = uint64_t{1} << 21;
  if (calls(*position.operation()) * shim::live_slab_objects() > most_looks) return;
  shim_events.settle();
  history.add({.kind = Kind::quiet});
  looker_.look();
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
  if (credit_) look();
}

void Run::finish_step() {
  if (options_.on_step) {
    bool prefix = position.operation() && program::is_prefix(position.operation()->code);
    options_.on_step(
        {position.current, skipped_ != nullptr, skipped_ ? skipped_ : outcome_,
         closely_ ? describe_allocator(*variant_, books.domains(), options_.views) : "",
         prefix ? std::span<const shim::Attempt>{} : shim::attempts(),
         prefix ? 0 : shim::cost().steps, prefix ? 0 : shim::cost().longest,
         prefix ? 0 : shim_events.handler_steps(), books.ranges_in_use()});
    outcome_.clear();
  }
  skipped_ = nullptr;
  result_.traces.push_back(tracer_.hash());
}

// The run ends here, without the checks of an end.
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
  shim::set_current_operation(shim::outside_program);
  shim::plan_no_faults();
  finish_slow_flushes();
  look();
  release_queued();
  for (Domain& domain : books.domains())
    if (domain.memory) give_everything_back(domain);
  looker_.look();
  for (Domain& domain : books.domains())
    if (domain.memory) ask_for_what_nobody_owns(domain);
  std::string left;
  for (Domain& domain : books.domains()) {
    if (!domain.memory) continue;
    if (is_watched()) left += fmt::format("put domain {}, ", domain.number);
    Operation put = program::make(OpCode::put);
    put.domain = static_cast<uint8_t>(domain.number);
    AtEnd putting(position, put);
    operations::destroy(*this, domain);
  }
  if (is_watched()) left += fmt::format("drop {} references", books.references());
  const Operation cache_put = program::make(OpCode::cache_put);
  while (books.references()) {
    AtEnd putting(position, cache_put);
    Call call(Function::cache_put);
    make(call);
  }
  shim::check_end_of_operation("end");
  shim::check_end_of_run();
  history.add({.kind = Kind::over});
  outcome("{}", left);
  finish_step();
  result_.trace_hash = tracer_.hash();
  running_ = false;
  policy_.end();
}

void Run::finish_slow_flushes() {
  const Operation flush_done = program::make(OpCode::flush_done);
  AtEnd finishing(position, flush_done);
  while (shim::suspended_contexts()) shim::finish_oldest_context();
}

// By its timer, within the timeout.
void Run::release_queued() {
  if (!variant_->queue) return;
  bool any = std::any_of(books.domains().begin(), books.domains().end(),
                         [](const Domain& domain) { return !domain.queued.empty(); });
  if (!any) return;
  Operation tick = program::make(OpCode::tick);
  tick.operands[program::operand_index(tick.code, Role::ms)].number =
      std::max(variant_->queue->timeout, variant_->queue->timeout_of_single);
  AtEnd time(position, tick);
  operations::tick(*this, tick);
}

// Frees all ranges and flushes: what is then left in the tree may be lost. Where a look sees no
// tree, the space is asked for once more.
void Run::give_everything_back(Domain& domain) {
  auto number = static_cast<uint8_t>(domain.number);
  for (OpCode code : {OpCode::free_fast, OpCode::free}) {
    Operation free = program::make(code);
    free.domain = number;
    for (unsigned slot = 0; slot < program::max_slots; slot++) {
      free.operands[program::operand_index(code, Role::slot)].number = slot;
      do {
        skipped_ = nullptr;
        AtEnd freeing(position, free);
        operations::function_of(code)(*this, free);
      } while (!skipped_);
    }
  }
  // Larger than what is below its limit, it is refused and flushes.
  Operation refused = program::make(OpCode::alloc_fast);
  refused.domain = number;
  refused.operands[program::operand_index(refused.code, Role::size)].number = program::max_size;
  refused.operands[program::operand_index(refused.code, Role::limit)] = {0, 0};
  edge_ = true;  // whatever its start
  AtEnd asking(position, refused, true);
  operations::function_of(refused.code)(*this, refused);
  edge_ = false;
  skipped_ = nullptr;
  if (!(variant_->views & IOVA_VIEW_NODES) && books.references()) ask_for_everything(domain);
}

// Each stretch between reservations as one range, which is given back. What the allocator puts off
// is done before.
void Run::ask_for_everything(Domain& domain) {
  constexpr uint64_t longest_delay = 1000;  // ms
  if (shim::census().pending_events) operations::advance_time(*this, longest_delay);
  std::vector<PageSet::Interval> taken = domain.reserved.intervals();
  const uint64_t end = ~uint64_t{0} >> domain.granule_shift;  // of addresses of 64 bits
  taken.push_back({end, end});
  uint64_t next = domain.start_pfn;
  for (const PageSet::Interval& interval : taken) {
    if (interval.lo > next) {
      Acting allocating(position, OpCode::alloc);
      Call ask(Function::alloc, &domain, &books.fresh_range());
      ask.is_aside = true;
      ask.size = interval.lo - next;
      ask.limit = interval.lo - 1;
      make(ask);
      if (ask.granted) {
        Acting freeing(position, OpCode::free_iova);
        Call back(Function::free_iova, &domain, ask.range);
        back.is_aside = true;
        back.iova = ask.iova;
        make(back);
      }
    }
    next = std::max(next, interval.hi + 1);
  }
}

// A node that no caller owns may be the allocator's own business. Its pages are lost if they are
// not granted to a request that fits there and nowhere else.
void Run::ask_for_what_nobody_owns(Domain& domain) {
  const contract::Structure::Unowned* node = judges_.unowned(domain);
  if (variant_->strict || !node || !books.references()) return;
  const uint64_t lo = std::max({domain.start_pfn, node->free_from, uint64_t{1}}), hi = node->hi;
  if (lo > hi) return;
  // A page that comes and goes makes hints of earlier refusals void.
  Call page(Function::alloc, &domain, &books.fresh_range());
  page.size = 1;
  page.limit = domain.first_pfn_above_32bit() - 1;
  Operation request = program::make(OpCode::alloc);
  request.domain = static_cast<uint8_t>(domain.number);
  auto operand = [&](Role role) -> program::Value& {
    return request.operands[program::operand_index(request.code, role)];
  };
  operand(Role::unaligned).number = 1;
  operand(Role::size).number = page.size;
  operand(Role::limit) = {0, page.limit};
  AtEnd asking(position, request, true);
  make(page);
  if (page.granted) {
    Call free(Function::free_iova, &domain, page.range);
    free.iova = page.iova;
    free.pfn = page.lo;
    free.size = page.size;
    make(free);
  }
  operand(Role::size).number = hi - lo + 1;
  operand(Role::limit) = {0, hi};
  Call all(Function::alloc, &domain, &books.fresh_range());
  all.size = hi - lo + 1;
  all.limit = hi;
  all.is_probe = true;
  make(all);
}

// Books the faults of the operation at hand.
void Run::note_faults() {
  while (!injected_.empty() && injected_.back().operation == position.current) injected_.pop_back();
  auto attempts = shim::attempts();
  for (size_t i = 0; i < attempts.size(); i++)
    if (attempts[i].failed) injected_.push_back({position.current, i, attempts[i]});
}

bool Run::on_finding(const shim::Finding& finding) {
  scene_.findings++;
  scene_.promise_broken |= !promise_of(finding.oracle->id).empty();
  if (running_) note_faults();
  std::string key = key_of(finding, position, injected_);
  history.add({.kind = Kind::finding, .text = key.c_str()});
  Fate fate = policy_.fate_of(finding, key);
  if (fate == Fate::go_past || fate == Fate::give_up) {
    std::vector<std::string>& met = result_.known_met;
    if (std::find(met.begin(), met.end(), key) == met.end()) met.push_back(key);
    if (fate == Fate::give_up) throw GivenUp{};
    return true;
  }
  if (fate == Fate::end_quietly) _exit(0);
  if (fate != Fate::report) met_first_ = {key, describe_operation(*whole_program_, position)};
  // What a known finding led to is known: the repeated run may meet nothing else.
  if (fate == Fate::look_closer) throw Abandoned{};
  Report report = describe(finding, std::move(key),
                           {*whole_program_, position, books, judges_.known_models(), *variant_,
                            injected_, result_.known_met});
  if (met_first_ && met_first_->operation != report.operation)
    report.came_to = fmt::format("{} at {}", met_first_->key, met_first_->operation);
  if (fate == Fate::report_closely) repeat_closely_before_this_call();
  deliver(report);
  if (!options_.survives_findings || finding.dying || shim::in_started_context()) return false;
  reported_ = true;
  throw Abandoned{};
}

// The process dies of what the call at hand does. A finding before it is reported instead, and then
// the process ends with that. The run at hand cannot go on.
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

std::vector<std::string> Run::report_difference(size_t operation, std::string values,
                                                const Options& options) {
  position.current = operation;
  position.call_start = position.calls_begun = 0;
  options_ = {.known = options.known, .only = options.only, .keep = options.keep};
  policy_.begin(options_, true, true);
  result_.known_met.clear();
  shim::raise(
      shim::Finding{&oracle::variants_differ, position.function(), "", std::move(values), nullptr});
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
       [](const list_head* list) { the_run().shim_events.on_pages_put(list); }});
  shim::set_event_observer([](bool is_timer) { the_run().shim_events.on_handler(is_timer); });
  return the_run().run(variant, program, options);
}

}  // namespace engine
