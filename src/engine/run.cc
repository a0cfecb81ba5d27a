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

static_assert(program::max_suspended == shim::max_suspended);

namespace {

// Thrown by the handler of a finding, through the allocator and the shim, to where the run began.
// Nothing on the way is noexcept; the allocator and the shim hold nothing in destructors, and what
// they leave half done is reset with the world. Contexts that are suspended are not unwound: their
// stacks are dropped with the world, too.
struct Abandoned {};  // to be repeated
struct GivenUp {};    // with a known finding

// Its own context was on the CPU that an operation took down in another.
void leave_dead_cpu() {
  if (!cpu_online(raw_smp_processor_id())) shim_set_current_cpu(shim_next_online_cpu(0));
}

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
  outcome_.clear();
  is_armed_ = in_irq_ = slow_ = edge_ = false;
  pause_at_ = interleaved_ = 0;
  for (Strand& strand : strands_) strand.is_in_use = false;
  interleaves_ = !options.in_sequence && program::has_pauses(program);
  scene_.beyond_judgement = scene_.promise_broken = scene_.overlapped = false;
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
  tracer_.begin(options.views);
  judges_.begin(options.views);
  // The callers are judged where a finding is to be told.
  if (judges_callers_ != repeated_) judges_.listen(history, repeated_);
  judges_callers_ = repeated_;
  policy_.begin(options, variant.strict, closely_);
  shim_events.begin(variant, closely_ && !interleaves_);
  shim::set_attempt_observer(
      history.is_heard(Kind::attempt)
          ? [](const shim::Attempt& attempt) { the_run().shim_events.on_attempt(attempt); }
          : static_cast<void (*)(const shim::Attempt&)>(nullptr));
  unsigned cpus = 2;
  if (!program.operations.empty() && program.operations[0].code == OpCode::cpus)
    cpus = static_cast<unsigned>(value(program.operations[0], Role::cpus).number);
  shim::set_point_observer(options.footprints ? [] { the_run().begin_stretch(); }
                                              : static_cast<void (*)()>(nullptr));
  shim::record_footprint(nullptr);
  if (options.footprints) options.footprints->operations.clear();
  shim::reset_world(cpus);
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
      begin_stretch();
    }
    scene_.overlapped = interleaved_;
    if (pause_at_ || slow_)
      execute_in_strand(operation);
    else
      execute_in_context(operation);
    in_irq_ = slow_ = edge_ = false;
    pause_at_ = 0;
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
  if (const char* why = hindrance(operation)) return skip(why);
  operations::function_of(operation.code)(*this, operation);
}

void Run::execute_in_context(const Operation& operation) {
  bool in_irq = in_irq_ && program::spec(operation.code).any_context;
  if (in_irq) shim_irq_enter();
  execute(operation);
  if (in_irq) shim_irq_exit();
}

// What is suspended keeps from it, or a caller must wait for.
const char* Run::hindrance(const Operation& operation) const {
  const program::OperationSpec& spec = program::spec(operation.code);
  if (!interleaved_ || !*spec.function || operation.code == OpCode::flush_done) return nullptr;
  const bool is_interrupt = in_irq_ && spec.any_context;
  const bool passes_time = operation.code == OpCode::tick || operation.code == OpCode::idle;
  const shim::Room needed =
      is_interrupt || passes_time ? shim::Room::interrupts : shim::Room::tasks;
  if (shim::room_on(raw_smp_processor_id()) < needed)
    return "what is suspended on this CPU leaves no room";
  for (const Strand& strand : strands_) {
    // Its position is its own while it is suspended.
    if (!strand.is_in_use || !strand.position.of_strand) continue;
    const Operation& other = *strand.position.of_strand;
    const auto is_either = [&](auto is) { return is(operation.code) || is(other.code); };
    if (operation.code == OpCode::offline || operation.code == OpCode::online) {
      if (other.code == OpCode::offline) return "a CPU is going offline";
      continue;
    }
    if (!spec.on_domain || !program::spec(other.code).on_domain) continue;
    if (operation.domain != other.domain) continue;
    if (is_either([](OpCode code) {
          return program::spec(code).gives & program::needs::of_a_domain || code == OpCode::put;
        }))
      return "the domain is being initialized or destroyed";
    const bool reserves = operation.code == OpCode::reserve;
    if (reserves != (other.code == OpCode::reserve)) return "reservations come first";
    if (operation.code == OpCode::free_pfn) return "the pfn may be granted right now";
  }
  return nullptr;
}

void Run::execute_in_strand(const Operation& operation) {
  const program::OperationSpec& spec = program::spec(operation.code);
  const bool may_pause =
      pause_at_ && !strands_[pause_as_].is_in_use && program::may_be_suspended(operation.code);
  if (!(may_pause || (slow_ && spec.may_flush)) || !shim::can_start_context())
    return execute_in_context(operation);
  // A flush that lasts takes a name that programs seldom do.
  size_t name = pause_as_;
  if (!may_pause)
    for (name = strands_.size() - 1; strands_[name].is_in_use;) name--;
  Strand& strand = strands_[name];
  strand = {};
  strand.is_in_use = true;
  strand.position = position;
  strand.position.of_strand = &operation;  // of the program: it outlives the context
  strand.position.may_pause = may_pause;
  shim_events.let_flush_last(slow_);
  unsigned cpu = raw_smp_processor_id();
  bool ended = shim::start_context(
      [](void* argument) {
        Strand& strand = *static_cast<Strand*>(argument);
        Run& run = the_run();
        run.execute_in_context(*run.position.of_strand);
        run.end_strand(strand);
      },
      &strand, may_pause ? pause_at_ : 0);
  if (ended) return leave_dead_cpu();
  strand.was_suspended = true;
  if (may_pause) {
    interleaved_++;
    scene_.overlapped = true;
  }
  if (unsigned idle = idle_cpu(cpu); idle != program::max_cpus) shim_set_current_cpu(idle);
  leave_dead_cpu();
  if (options_.footprints) options_.footprints->operations[position.current].suspended = true;
  if (is_watched()) tell_suspended(shim::suspended_contexts() - 1);
}

void Run::end_strand(Strand& strand) {
  strand.is_in_use = false;
  if (!strand.was_suspended) return;
  interleaved_ -= position.may_pause;
  shim_events.settle();
  if (position.running() < result_.attempts.size())
    result_.attempts[position.running()] = shim::attempts().size();
  note_faults();
  shim::check_end_of_operation(position.operation_name());
  // At the end of the program no step tells.
  if (options_.on_finding && !position.operation()) before_ = moment(true);
}

// Points of the end are nobody's.
void Run::begin_stretch() {
  if (position.current >= options_.footprints->operations.size()) return;
  end_stretch();
  std::vector<shim::Footprint>& all = options_.footprints->operations[position.current].stretches;
  shim::record_footprint(&all.emplace_back());
}

void Run::end_stretch() {
  if (!options_.footprints) return;
  shim::record_footprint(nullptr);
  auto& operation = options_.footprints->operations[position.current];
  if (!operation.stretches.empty()) shim::sort_footprint(operation.stretches.back());
  operation.skipped = skipped_;
}

void Run::tell_suspended(size_t nth) {
  const shim::Suspended is = shim::suspended(nth);
  outcome("{}, now on CPU {}", describe_suspended(is), raw_smp_processor_id());
}

size_t Run::suspended_as(size_t strand) const {
  size_t nth = 0;
  while (nth < shim::suspended_contexts() && shim::suspended(nth).argument != &strands_[strand])
    nth++;
  return nth;
}

void Run::go_on(size_t nth) {
  const shim::Suspended is = shim::suspended(nth);
  const Strand& strand = *static_cast<const Strand*>(is.argument);
  const size_t index = strand.position.running();
  const char* name = program::spec(strand.position.of_strand->code).name;
  outcome_.clear();
  position.resumed = strand.position.of_strand;
  cpu_ = is.cpu;
  bool ended = shim::resume_context(nth, strand.position.may_pause ? pause_at_ : 0);
  if (!ended && options_.footprints)
    options_.footprints->operations[position.current].suspended = true;
  if (!is_watched()) return;
  if (!ended) return tell_suspended(shim::suspended_contexts() - 1);
  std::string answer = std::move(outcome_);
  outcome("{} (operation {}) ends{}{}", name, index, answer.empty() ? "" : ": ", answer);
}

// A release that is pending comes before what others do. Where it is half done, no model may look.
void Run::before_exchange() {
  if (position.may_pause) judges_.leave_to_contract();
  shim_events.settle();
}

void Run::exchange(Strand& strand) {
  std::swap(position, strand.position);
  std::swap(position.current, strand.position.current);
  shim_events.exchange(strand.release);
  shim::set_current_operation(static_cast<uint32_t>(position.running()));
}

void Run::skip(const char* why) {
  skipped_ = why;
  history.add({.kind = Kind::skipped});
}

void Run::begin_next_call() {
  if (closely_ && !interleaved_ && position.calls_begun && position.operation())
    look_between_calls();
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
  if (options_.on_finding) before_ = moment(true);
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
  if (interleaved_) return finish_step();
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
  if (credit_ && !interleaved_) look();
}

void Run::finish_step() {
  if (options_.on_step) {
    unsigned suspended_on = 0;
    for (size_t i = 0; i < shim::suspended_contexts(); i++)
      suspended_on |= 1u << shim::suspended(i).cpu;
    bool prefix = position.operation() && program::is_prefix(position.operation()->code);
    options_.on_step(
        {position.current, skipped_ != nullptr, skipped_ ? skipped_ : outcome_,
         closely_ && !interleaved_ ? describe_allocator(*variant_, books.domains(), options_.views)
                                   : "",
         prefix ? std::span<const shim::Attempt>{} : shim::attempts(),
         prefix ? 0 : shim::cost().steps, prefix ? 0 : shim::cost().longest,
         prefix ? 0 : shim_events.handler_steps(), books.ranges_in_use(), cpu_, suspended_on});
    outcome_.clear();
  }
  if (options_.on_finding && running_) before_ = moment(true);
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

void Run::finish_suspended() {
  const Operation flush_done = program::make(OpCode::flush_done);
  AtEnd finishing(position, flush_done);
  shim::set_current_operation(shim::outside_program);
  shim::plan_no_faults();
  scene_.overlapped = interleaved_;
  while (shim::suspended_contexts()) shim::finish_oldest_context();
  scene_.overlapped = false;
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
  if (variant_->strict || !node || !books.references() || interleaved_) return;
  shim::Unscheduled probes;
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
  const size_t operation = position.running();
  std::erase_if(injected_, [=](const InjectedFault& one) { return one.operation == operation; });
  auto attempts = shim::attempts();
  for (size_t i = 0; i < attempts.size(); i++)
    if (attempts[i].failed) injected_.push_back({operation, i, attempts[i]});
}

// It is being set up or torn down, and views may not be ready.
bool Run::is_half_done(const Domain& domain) const {
  auto is_of = [&](const Call* call) {
    return call && !call->is_over && call->domain == &domain &&
           (call->function == Function::init_domain || call->function == Function::init_rcaches ||
            call->function == Function::put_domain || call->function == Function::queue_init);
  };
  return is_of(position.call) ||
         std::any_of(strands_.begin(), strands_.end(),
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
  // What a known finding led to is known: the repeated run may meet nothing else.
  if (fate == Fate::look_closer) shim::leave_contexts([] { throw Abandoned{}; });
  Report report = describe(finding, std::move(key),
                           {*whole_program_, position, books, judges_.known_models(), *variant_,
                            injected_, result_.known_met});
  if (met_first_ && met_first_->operation != report.operation)
    report.came_to = fmt::format("{} at {}", met_first_->key, met_first_->operation);
  const auto tell = options_.on_finding;
  auto stack = tell ? shim::allocator_stack() : std::vector<shim::StackFrame>();
  Moment now = tell ? moment(false) : Moment();
  if (fate == Fate::report_closely) repeat_closely_before_this_call();
  deliver(report);
  if (tell) {
    showing_ = true;
    now.stack = stack;
    tell(before_, now);
    // An allocator that broke down nobody looks at; of another, the look itself may be the end.
    if (!finding.dying) {
      now = moment(true);
      now.stack = std::move(stack);
      tell(before_, now);
    }
    showing_ = false;
  }
  if (!options_.survives_findings || finding.dying) return false;
  reported_ = true;
  shim::leave_contexts([] { throw Abandoned{}; });
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
  shim::set_context_observer(
      {.before = [] { the_run().before_exchange(); },
       .exchange = [](void* strand) { the_run().exchange(*static_cast<Strand*>(strand)); }});
  shim::set_event_observer([](bool is_timer) { the_run().shim_events.on_handler(is_timer); });
  return the_run().run(variant, program, options);
}

}  // namespace engine
