// SPDX-License-Identifier: GPL-2.0-only
#include "engine/engine.h"

#include <algorithm>
#include <bit>

#include "engine/contract.h"
#include "engine/invariants.h"
#include "engine/session.h"
#include "shim/context.h"
#include "shim/cost.h"
#include "shim/cpu.h"
#include "shim/iommu.h"
#include "shim/locks.h"
#include "shim/object.h"
#include "shim/sanitizer.h"
#include "shim/timekeeping.h"

namespace engine {

const Result& Session::run(const iova_variant& variant, const program::Program& program,
                           const Options& options) {
  whole_program_ = &program;
  closely_ = options.always_check;
  met_first_.reset();
  if (!setjmp(start_of_run_)) return run_once(variant, program, options);
  Options closely = options;
  closely.always_check = true;
  closely_ = true;
  return run_once(guarded(variant), program, closely);
}

const Result& Session::run_once(const iova_variant& variant, const program::Program& program,
                                const Options& options) {
  begin(variant, program, options);
  execute_all();
  if (given_up_) return give_up();
  end();
  return result_;
}

void Session::execute_all() {
  for (current_ = 0; current_ < program_->operations.size(); current_++) {
    const Operation& operation = program_->operations[current_];
    if (program::is_prefix(operation.code)) {
      if (operation.code == OpCode::fail) arm(operation);
      if (operation.code == OpCode::irq) in_irq_ = true;
      if (operation.code == OpCode::slow) slow_ = true;
      if (operation.code == OpCode::edge) edge_ = true;
      finish_step();
      continue;
    }
    shim::set_current_operation(static_cast<uint32_t>(current_));
    plan();
    if (slow_)
      execute_with_slow_flush(operation);
    else
      execute_in_context(operation);
    in_irq_ = slow_ = edge_ = false;
    if (given_up_) return;
    finish_operation(operation);
  }
}

// The run ends here, without the checks of an end.
const Result& Session::give_up() {
  result_.attempts.resize(program_->operations.size());
  result_.costs.resize(program_->operations.size());
  outcome("the run ends with this finding");
  finish_step();
  result_.trace_hash = trace_.hash();
  running_ = false;
  return result_;
}

void Session::execute_in_context(const Operation& operation) {
  bool in_irq = in_irq_ && program::spec(operation.code).any_context;
  if (in_irq) shim_irq_enter();
  execute(operation);
  if (in_irq) shim_irq_exit();
}

void Session::begin(const iova_variant& variant, const program::Program& program,
                    const Options& options) {
  variant_ = &variant;
  program_ = &program;
  options_ = options;
  trace_.clear();
  result_.attempts.clear();
  result_.costs.clear();
  result_.traces.clear();
  result_.known_met.clear();
  skipped_ = nullptr;
  outcome_.clear();
  is_armed_ = in_irq_ = slow_ = edge_ = given_up_ = false;
  acting_ = nullptr;
  destroyed_ = nullptr;
  release_ = {};
  injected_.clear();
  credit_ = check_cost_ = 0;
  cache_references_ = 0;
  ranges_used_ = 0;
  current_ = 0;
  clock_ = {};
  running_ = true;
  for (Domain& domain : domains_) {
    domain.memory = nullptr;
    domain.has_rcaches = domain.has_allocated = false;
    domain.forget_ranges();
  }
  size_t ranges = 0;
  for (const Operation& operation : program.operations) ranges += calls(operation);
  if (ranges > ranges_size_) {
    ranges_size_ = std::max(ranges, program::max_calls);
    ranges_ = std::make_unique<Range[]>(ranges_size_);
  }
  unsigned cpus = 2;
  if (!program.operations.empty() && program.operations[0].code == OpCode::cpus)
    cpus = static_cast<unsigned>(value(program.operations[0], Role::cpus).number);
  shim::reset_world(cpus);
  variant.reset();
}

void Session::arm(const Operation& fail) {
  const program::Value& mask = value(fail, Role::mask);
  if (!is_armed_) armed_.reset();
  is_armed_ = true;
  for (uint64_t rest = mask.number; rest; rest &= rest - 1)
    armed_.set(mask.base + std::countr_zero(rest));
  outcome("armed");
}

void Session::plan() {
  for (const FaultPoint& point : options_.faults) {
    if (point.operation != current_ || point.attempt >= shim::max_planned_attempts) continue;
    if (!is_armed_) armed_.reset();
    is_armed_ = true;
    armed_.set(point.attempt);
  }
  if (is_armed_) {
    shim::plan_faults(armed_);
    before_ = shim::census();  // only what fails is to leave no traces
  } else {
    shim::plan_no_faults();
  }
  is_armed_ = false;
  failed_ = false;
  call_start_ = calls_begun_ = 0;
  shim::start_cost();
}

void Session::execute(const Operation& operation) {
  trace_.add(static_cast<uint64_t>(operation.code));
  Domain& domain = domains_[operation.domain];
  uint64_t cpu = program::operand_index(operation.code, Role::cpu) < 0
                     ? 0
                     : value(operation, Role::cpu).number;
  switch (operation.code) {
    case OpCode::cache_get: return cache_get();
    case OpCode::cache_put: return cache_put();
    case OpCode::init: return init(domain, operation);
    case OpCode::init_rcaches: return init_rcaches(domain);
    case OpCode::put: return put(domain);
    case OpCode::alloc: return alloc(domain, operation);
    case OpCode::alloc_fast: return alloc_fast(domain, operation);
    case OpCode::free:
    case OpCode::free_fast:
    case OpCode::free_iova: return free_ranges(domain, operation);
    case OpCode::find: return find(domain, operation);
    case OpCode::find_pfn: return find_pfn(domain, operation);
    case OpCode::reserve: return reserve(domain, operation);
    case OpCode::free_pfn: return free_pfn(domain, operation);
    case OpCode::queue_init: return queue_init(domain, operation);
    case OpCode::queue: return queue(domain, operation);
    case OpCode::flush_done: return flush_done();
    case OpCode::fail:
    case OpCode::irq:
    case OpCode::slow:
    case OpCode::edge: return;  // prefixes
    case OpCode::cpus:
      if (current_ != 0) return skip("not the first operation");
      return outcome("{} CPUs", num_possible_cpus());
    case OpCode::cpu:
      return switch_to_cpu(static_cast<unsigned>(cpu));
    case OpCode::offline:
      return take_offline(static_cast<unsigned>(cpu));
    case OpCode::online:
      if (cpu >= num_possible_cpus()) return skip("the CPU is not possible");
      if (cpu_online(static_cast<unsigned>(cpu))) return skip("the CPU is online");
      shim_cpu_online(static_cast<unsigned>(cpu));
      return outcome("{} CPUs online", num_online_cpus());
    case OpCode::tick:
      return advance_time(value(operation, Role::ms).number);
  }
}

static uint64_t hash_of_name(const shim_site& site) {
  struct Known {
    const shim_site* site;
    uint64_t hash;
  };
  static Known known[64];
  Known& entry = known[reinterpret_cast<uintptr_t>(&site) / sizeof site % std::size(known)];
  if (entry.site != &site) entry = {&site, hash_of_text(site.function)};
  return entry.hash;
}

void Session::finish_operation(const Operation& operation) {
  call_start_ = calls_begun_ = 0;
  settle_release();
  auto attempts = shim::attempts();
  result_.attempts.resize(current_);
  result_.attempts.push_back(attempts.size());
  result_.costs.resize(current_);
  result_.costs.push_back(shim::cost().longest);
  trace_.add(attempts.size());
  const shim_site* site = nullptr;
  uint64_t site_name = 0;
  for (const shim::Attempt& a : attempts) {
    if (a.site != site) {  // mostly the one before
      site = a.site;
      site_name = hash_of_name(*site);
    }
    trace_.add(static_cast<uint64_t>(a.call) | uint64_t{a.failed} << 8 | uint64_t{a.gfp} << 16);
    trace_.add(a.size);
    trace_.add(site_name);
  }
  note_faults();
  shim::check_end_of_operation(operation_name());
  check_models();
  if (failed_ && shim::failed_attempts() && !skipped_ &&
      program::spec(operation.code).reports == program::Reports::failure) {
    // A counted operation may have succeeded before it failed; its ranges are checked as nodes.
    bool one_call = calls(operation) == 1;
    shim::Census now = shim::census();
    if (one_call && now != before_)
      raise(oracle::failure_left_traces,
            fmt::format("objects {} -> {}, per-CPU objects {} -> {}, caches {} -> {}, hotplug "
                        "instances {} -> {}",
                        before_.kmalloc_objects + before_.cache_objects,
                        now.kmalloc_objects + now.cache_objects, before_.percpu_objects,
                        now.percpu_objects, before_.caches, now.caches,
                        before_.hotplug_instances, now.hotplug_instances));
    credit_ = check_cost_;
  }
  check_object_count();
  credit_ += 1 + calls(operation) / 8;
  if (credit_ >= check_cost_ || options_.always_check) check_state();
  finish_step();
}

void Session::check_state() {
  constexpr uint64_t looks_per_operation = 4;
  check_invariants(*variant_, domains_, function(), trace_);
  uint64_t looks = shim::live_slab_objects();
  for (const Domain& domain : domains_)
    if (domain.memory && domain.has_rcaches) looks += IOVA_BINS * (num_possible_cpus() + 1);
  check_cost_ = looks / looks_per_operation;
  credit_ = 0;
}

size_t Session::ranges_in_use() const {
  size_t sum = 0;
  for (const Domain& domain : domains_) sum += domain.live.size();
  return sum;
}

void Session::finish_step() {
  if (options_.on_step) {
    bool prefix = current_ < program_->operations.size() &&
                  program::is_prefix(program_->operations[current_].code);
    options_.on_step({current_, skipped_ != nullptr, skipped_ ? skipped_ : outcome_,
                      options_.always_check ? describe_allocator(*variant_, domains_) : "",
                      prefix ? std::span<const shim::Attempt>{} : shim::attempts(),
                      prefix ? 0 : shim::cost().steps, prefix ? 0 : shim::cost().longest,
                      ranges_in_use()});
    outcome_.clear();
  }
  skipped_ = nullptr;
  result_.traces.push_back(trace_.hash());
}

void Session::end() {
  result_.attempts.resize(program_->operations.size());
  result_.costs.resize(program_->operations.size());
  shim::set_current_operation(shim::outside_program);
  shim::plan_no_faults();
  finish_slow_flushes();
  check_state();
  release_queued();
  for (Domain& domain : domains_)
    if (domain.memory) give_everything_back(domain);
  check_invariants(*variant_, domains_, function(), trace_);
  std::string left;
  for (Domain& domain : domains_) {
    if (!domain.memory) continue;
    if (options_.on_step) left += fmt::format("put domain {}, ", &domain - domains_);
    Acting put(*this, OpCode::put);
    destroy(domain);
  }
  if (options_.on_step) left += fmt::format("drop {} references", cache_references_);
  for (; cache_references_; cache_references_--) {
    Acting put(*this, OpCode::cache_put);
    variant_->cache_put();
  }
  shim::check_end_of_operation("end");
  shim::check_end_of_run();
  outcome("{}", left);
  finish_step();
  result_.trace_hash = trace_.hash();
  running_ = false;
}

// Frees all ranges and flushes: what is then left in the tree is lost capacity, which
// check_invariants() raises.
void Session::give_everything_back(Domain& domain) {
  auto number = static_cast<uint8_t>(&domain - domains_);
  for (OpCode code : {OpCode::free_fast, OpCode::free}) {
    Operation free = program::make(code);
    free.domain = number;
    for (unsigned slot = 0; slot < program::max_slots; slot++) {
      free.operands[program::operand_index(code, Role::slot)].number = slot;
      do {
        skipped_ = nullptr;
        Acting freeing(*this, code);
        free_ranges(domain, free);
      } while (!skipped_);
    }
  }
  // Larger than what is below its limit, it is refused and flushes.
  Operation refused = program::make(OpCode::alloc_fast);
  refused.domain = number;
  refused.operands[program::operand_index(refused.code, Role::size)].number = program::max_size;
  refused.operands[program::operand_index(refused.code, Role::limit)] = {0, 0};
  edge_ = true;  // whatever its start
  Acting allocating(*this, refused.code);
  alloc_fast(domain, refused);
  edge_ = false;
  skipped_ = nullptr;
}

// Books the faults of the operation at hand.
void Session::note_faults() {
  while (!injected_.empty() && injected_.back().operation == current_) injected_.pop_back();
  auto attempts = shim::attempts();
  for (size_t i = 0; i < attempts.size(); i++)
    if (attempts[i].failed) injected_.push_back({current_, i, attempts[i]});
}

bool Session::on_finding(const shim::Finding& finding) {
  findings_++;
  if (running_) note_faults();
  // Of a counted operation, only the faults of the call at hand.
  size_t first_attempt = std::max(call_start_, release_.domain ? release_.first_attempt : 0);
  const char* site = "none";
  for (const InjectedFault& fault : injected_)
    if (fault.operation == current_ && fault.attempt >= first_attempt)
      site = fault.what.site->function;
  std::string key =
      fmt::format("{}:{}:{}:{}", finding.oracle->id, finding.function, operation_name(), site);
  bool known = finding.oracle->recoverable &&
               (options_.past_all || std::find(options_.known.begin(), options_.known.end(),
                                               key) != options_.known.end());
  trace_.add_text(key.c_str());
  if (!known) {
    bool look_closer = calls_for_a_closer_look();
    if (look_closer) met_first_ = {key, describe_operation()};
    // What a known finding led to is known: the repeated run may meet nothing else.
    if (look_closer && !finding.dying) longjmp(start_of_run_, 1);
    Report report = make_report(finding, key);
    if (look_closer) repeat_closely_before_this_call();
    deliver(report);
  }
  if (known && std::find(result_.known_met.begin(), result_.known_met.end(), key) ==
                   result_.known_met.end())
    result_.known_met.push_back(key);
  return known;
}

bool Session::calls_for_a_closer_look() const {
  return running_ && !closely_ && !options_.past_all && !shim::in_started_context();
}

// The process dies of what the call at hand does. A finding before it is reported instead, and then
// the process ends with that. The run at hand cannot go on.
void Session::repeat_closely_before_this_call() {
  static program::Program before;
  size_t whole = std::min(current_, program_->operations.size());
  before.operations.assign(program_->operations.begin(),
                           program_->operations.begin() + static_cast<ptrdiff_t>(whole));
  bool is_counted = current_ < program_->operations.size() &&
                    calls(program_->operations[current_]) >= calls_begun_;
  if (calls_begun_ > 1 && is_counted) {
    Operation counted = program_->operations[current_];
    counted.operands[program::operand_index(counted.code, Role::count)].number = calls_begun_ - 1;
    before.operations.push_back(counted);
  }
  Options closely = options_;
  closely.always_check = true;
  closely.on_step = nullptr;
  closely_ = true;
  begin(guarded(*variant_), before, closely);
  execute_all();
}

// Looks that grow with the square of what an operation does are left out where that is much.
void Session::check_between_calls() {
  constexpr uint64_t most_looks = uint64_t{1} << 21;
  if (calls(program_->operations[current_]) * shim::live_slab_objects() > most_looks) return;
  settle_release();
  check_models();
  check_object_count();
  check_invariants(*variant_, domains_, function(), trace_);
}

std::vector<std::string> Session::report_difference(size_t operation, std::string values,
                                                    std::span<const std::string> known) {
  current_ = operation;
  call_start_ = calls_begun_ = 0;
  options_ = {.known = known};
  result_.known_met.clear();
  raise(oracle::variants_differ, std::move(values));
  return result_.known_met;
}

Session& session() {
  static Session the_session;
  return the_session;
}

const Result& run(const iova_variant& variant, const program::Program& program,
                  const Options& options) {
  static bool ready = [] {
    shim::catch_sanitizer_reports();
    return true;
  }();
  (void)ready;
  shim::set_finding_handler(
      [](const shim::Finding& finding) { return session().on_finding(finding); });
  shim::set_iommu_handlers(
      {[](const void* domain) { session().on_hardware_flush(domain); },
       [](const list_head* list) { session().on_pages_put(list); }});
  shim::set_event_observer([](bool is_timer) { session().on_event(is_timer); });
  return session().run(variant, program, options);
}

}  // namespace engine
