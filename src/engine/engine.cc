// SPDX-License-Identifier: GPL-2.0-only
#include "engine/engine.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>

#include "engine/domain.h"
#include "engine/invariants.h"
#include "engine/oracles.h"
#include "engine/report.h"
#include "engine/trace.h"
#include "shim/cpu.h"
#include "shim/finding.h"
#include "shim/locks.h"
#include "shim/object.h"
#include "shim/sanitizer.h"
#include "shim/timekeeping.h"
#include "shim/world.h"

namespace engine {
namespace {

using program::OpCode;
using program::Operation;
using program::Role;

// An injected fault, for reports.
struct InjectedFault {
  size_t operation, attempt;
  shim::Attempt what;
};

std::string describe(const InjectedFault& fault, const program::Program& program) {
  return fmt::format("operation {} ({}), its {} attempt: {}", fault.operation,
                     print(program.operations[fault.operation]), shim::ordinal(fault.attempt),
                     shim::describe(fault.what));
}

std::string print_range(uint64_t lo, uint64_t hi) {
  return lo == hi ? fmt::format("{:#x}", lo) : fmt::format("{:#x}..{:#x}", lo, hi);
}

std::string print_error(int error) {
  const char* name = error < 0 ? strerrorname_np(-error) : nullptr;
  return name ? fmt::format("-{}", name) : fmt::format("{}", error);
}

// All that a run is made of. There is one at a time, and its memory serves run after run.
class Session {
 public:
  Session() : ranges_(std::make_unique<Range[]>(program::max_calls + 1)) {}

  const Result& run(const iova_variant& variant, const program::Program& program,
                    const Options& options) {
    begin(variant, program, options);
    for (current_ = 0; current_ < program.operations.size(); current_++) {
      const Operation& operation = program.operations[current_];
      if (operation.code == OpCode::fail) {
        arm(operation);
        finish_step();
        continue;
      }
      shim::set_current_operation(static_cast<uint32_t>(current_));
      plan();
      execute(operation);
      finish_operation(operation);
    }
    end();
    return result_;
  }

  // Returns true to go on past a known finding.
  bool on_finding(const shim::Finding& finding);

 private:
  // The frame of a run.
  void begin(const iova_variant& variant, const program::Program& program, const Options& options);
  void arm(const Operation& fail);
  void plan();
  void execute(const Operation& operation);
  void finish_operation(const Operation& operation);
  void finish_step();
  void end();

  // Operations.
  void cache_get();
  void cache_put();
  void init(Domain& domain, const Operation& operation);
  void init_rcaches(Domain& domain);
  void put(Domain& domain);
  void alloc(Domain& domain, const Operation& operation);
  void alloc_fast(Domain& domain, const Operation& operation);
  void free_ranges(Domain& domain, const Operation& operation);
  void find(Domain& domain, const Operation& operation);
  void find_pfn(Domain& domain, const Operation& operation);
  void reserve(Domain& domain, const Operation& operation);

  // Their parts.
  const char* cannot_allocate(const Domain& domain, const Operation& operation, uint64_t* limit);
  uint64_t resolve(const Domain& domain, const program::Value& pfn) const;
  void check_handed_out(Domain& domain, uint64_t lo, uint64_t hi, uint64_t limit,
                        uint64_t alignment);
  void check_refusal(Domain& domain, uint64_t size, uint64_t limit, bool aligned);
  void check_reservations_untouched(Domain& domain);
  void check_reported(bool failed, size_t faults_before);
  Range& new_range(Domain& domain, unsigned slot, uint64_t lo, uint64_t hi, uint64_t size,
                   void* iova, RangeKind kind);
  Range* pick(Slot& slot, bool oldest, bool (*wanted)(const Range&));
  static uint64_t position(const Range& range, const Operation& operation);
  void destroy(Domain& domain);

  // Returns how many attempts of the operation have failed before the call.
  size_t begin_call() {
    call_start_ = shim::attempts().size();
    return shim::failed_attempts();
  }
  void skip(const char* why) {
    skipped_ = why;
    trace_.add(~uint64_t{0});
  }
  template <class... Arguments>
  void outcome(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    if (options_.on_step) outcome_ = fmt::format(text, std::forward<Arguments>(arguments)...);
  }
  void raise(const shim::Oracle& oracle, std::string values) {
    shim::raise(shim::Finding{&oracle, function(), "", std::move(values), nullptr});
  }
  const char* function() const {
    if (current_ >= program_->operations.size()) return "put_iova_domain";
    const char* name = program::spec(program_->operations[current_].code).function;
    return *name ? name : "?";
  }
  std::string operation_name() const {
    return current_ < program_->operations.size()
               ? program::spec(program_->operations[current_].code).name
               : "end";
  }
  void note_faults();
  Report make_report(const shim::Finding& finding, std::string key) const;
  std::string describe_state() const;

  const iova_variant* variant_ = nullptr;
  const program::Program* program_ = nullptr;
  Options options_;
  Result result_{};
  Trace trace_;

  size_t current_ = 0;
  const char* skipped_ = nullptr;
  std::string outcome_;
  shim::FaultMask armed_;
  bool is_armed_ = false;
  std::vector<InjectedFault> injected_;
  shim::Census before_{};
  size_t call_start_ = 0;  // the attempts before the call at hand, of a counted operation
  bool failed_ = false;  // the operation reported failure
  // Whole-state checks cost what they look at; operations earn the right to one.
  uint64_t credit_ = 0, check_cost_ = 0;

  unsigned cache_references_ = 0;
  Domain domains_[program::max_domains];
  std::unique_ptr<Range[]> ranges_;
  size_t ranges_used_ = 0;
};

Session& session() {
  static Session the_session;
  return the_session;
}

ReportSink report_sink = [](const Report& report) {
  fmt::print(stderr, "{}", format(report));
  fflush(stderr);
};

void Session::begin(const iova_variant& variant, const program::Program& program,
                    const Options& options) {
  variant_ = &variant;
  program_ = &program;
  options_ = options;
  trace_.clear();
  result_.attempts.clear();
  result_.known_met.clear();
  skipped_ = nullptr;
  outcome_.clear();
  is_armed_ = false;
  injected_.clear();
  credit_ = check_cost_ = 0;
  cache_references_ = 0;
  ranges_used_ = 0;
  current_ = 0;
  for (Domain& domain : domains_) {
    domain.memory = nullptr;
    domain.has_rcaches = domain.has_allocated = false;
    domain.forget_ranges();
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
  if (is_armed_)
    shim::plan_faults(armed_);
  else
    shim::plan_no_faults();
  is_armed_ = false;
  failed_ = false;
  call_start_ = 0;
  before_ = shim::census();
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
    case OpCode::fail: return;
    case OpCode::cpus:
      if (current_ != 0) return skip("not the first operation");
      return outcome("{} CPUs", num_possible_cpus());
    case OpCode::cpu:
      if (!cpu_online(static_cast<unsigned>(cpu))) return skip("the CPU is not online");
      return shim_set_current_cpu(static_cast<unsigned>(cpu));
    case OpCode::offline:
      if (!cpu_online(static_cast<unsigned>(cpu))) return skip("the CPU is not online");
      if (num_online_cpus() == 1) return skip("the last online CPU");
      shim_cpu_offline(static_cast<unsigned>(cpu));
      return outcome("{} CPUs online, now on CPU {}", num_online_cpus(), raw_smp_processor_id());
    case OpCode::online:
      if (cpu >= num_possible_cpus()) return skip("the CPU is not possible");
      if (cpu_online(static_cast<unsigned>(cpu))) return skip("the CPU is online");
      shim_cpu_online(static_cast<unsigned>(cpu));
      return outcome("{} CPUs online", num_online_cpus());
    case OpCode::tick:
      shim_advance(value(operation, Role::ms).number);
      return outcome("now {} ms", shim_jiffies());
  }
}

void Session::finish_operation(const Operation& operation) {
  call_start_ = 0;
  auto attempts = shim::attempts();
  result_.attempts.resize(current_);
  result_.attempts.push_back(attempts.size());
  trace_.add(attempts.size());
  for (size_t i = 0; i < attempts.size(); i++) {
    const shim::Attempt& a = attempts[i];
    trace_.add(static_cast<uint64_t>(a.call) | uint64_t{a.failed} << 8 | uint64_t{a.gfp} << 16);
    trace_.add(a.size);
  }
  note_faults();
  shim::check_end_of_operation(operation_name().c_str());
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
  credit_ += 8 + calls(operation);
  if (credit_ >= check_cost_) {
    check_invariants(*variant_, domains_, function(), trace_);
    shim::Census now = shim::census();
    check_cost_ = (now.kmalloc_objects + now.cache_objects) / 8;
    credit_ = 0;
  }
  finish_step();
}

void Session::finish_step() {
  if (options_.on_step) {
    bool armed_only = current_ < program_->operations.size() &&
                      program_->operations[current_].code == OpCode::fail;
    options_.on_step({current_, skipped_ != nullptr, skipped_ ? skipped_ : outcome_,
                      armed_only ? std::span<const shim::Attempt>{} : shim::attempts()});
    outcome_.clear();
  }
  skipped_ = nullptr;
}

void Session::end() {
  result_.attempts.resize(program_->operations.size());
  shim::set_current_operation(shim::outside_program);
  shim::plan_no_faults();
  check_invariants(*variant_, domains_, function(), trace_);
  std::string left;
  for (Domain& domain : domains_) {
    if (!domain.memory) continue;
    if (options_.on_step) left += fmt::format("put domain {}, ", &domain - domains_);
    destroy(domain);
  }
  if (options_.on_step) left += fmt::format("drop {} references", cache_references_);
  for (; cache_references_; cache_references_--) variant_->cache_put();
  shim::check_end_of_operation("end");
  shim::check_end_of_run();
  outcome("{}", left);
  finish_step();
  result_.trace_hash = trace_.hash();
}

void Session::check_reported(bool failed, size_t faults_before) {
  bool fault = shim::failed_attempts() > faults_before;
  failed_ |= failed;
  if (fault && !failed) raise(oracle::fault_not_reported, "");
  if (!fault && failed) raise(oracle::failure_without_cause, "");
}

void Session::cache_get() {
  size_t faults = shim::failed_attempts();
  int error = variant_->cache_get();
  trace_.add(static_cast<uint64_t>(error));
  outcome("{}", print_error(error));
  check_reported(error != 0, faults);
  if (!error) cache_references_++;
}

void Session::cache_put() {
  if (!cache_references_) return skip("no reference is held");
  bool in_use = std::any_of(std::begin(domains_), std::end(domains_),
                            [](const Domain& domain) { return domain.memory != nullptr; });
  if (cache_references_ == 1 && in_use) return skip("the last reference, and a domain needs it");
  variant_->cache_put();
  cache_references_--;
  outcome("{} references left", cache_references_);
}

void Session::init(Domain& domain, const Operation& operation) {
  if (domain.memory) return skip("the domain is initialized");
  domain.granule_shift = value(operation, Role::granule).number;
  uint64_t start = resolve(domain, value(operation, Role::start));
  if (start > ~uint64_t{0} >> domain.granule_shift || start == ~uint64_t{0})
    return skip("the start is beyond the space");
  domain.start_pfn = start;
  domain.memory = shim::new_object(shim::ObjectKind::kmalloc, nullptr, variant_->domain_size, 16,
                                   true, SHIM_SITE)
                      .memory;
  domain.has_rcaches = domain.has_allocated = false;
  variant_->init_domain(domain.memory, 1ul << domain.granule_shift, start);
  outcome("start pfn {:#x}, 4 GiB at pfn {:#x}", start, domain.first_pfn_above_32bit());
}

void Session::init_rcaches(Domain& domain) {
  if (!domain.memory) return skip("the domain is not initialized");
  if (domain.has_rcaches) return skip("the domain has rcaches");
  if (!cache_references_) return skip("the cache is not held");
  size_t faults = shim::failed_attempts();
  int error = variant_->init_rcaches(domain.memory);
  trace_.add(static_cast<uint64_t>(error));
  outcome("{}", print_error(error));
  check_reported(error != 0, faults);
  domain.has_rcaches = !error;
}

void Session::put(Domain& domain) {
  if (!domain.memory) return skip("the domain is not initialized");
  // An allocated range's memory goes back to a cache, so the reference is held still.
  destroy(domain);
}

void Session::destroy(Domain& domain) {
  variant_->put_domain(domain.memory);
  kfree(domain.memory);
  domain.memory = nullptr;
  domain.has_rcaches = domain.has_allocated = false;
  domain.forget_ranges();
}

const char* Session::cannot_allocate(const Domain& domain, const Operation& operation,
                                     uint64_t* limit) {
  if (!domain.memory) return "the domain is not initialized";
  if (!cache_references_) return "the cache is not held";
  *limit = resolve(domain, value(operation, Role::limit));
  if (*limit == ~uint64_t{0}) return "no caller asks for limit ~0";
  return nullptr;
}

void Session::alloc(Domain& domain, const Operation& operation) {
  uint64_t limit = 0;
  if (const char* why = cannot_allocate(domain, operation, &limit)) return skip(why);
  uint64_t size = value(operation, Role::size).number;
  bool aligned = !value(operation, Role::unaligned).number;
  unsigned slot = static_cast<unsigned>(value(operation, Role::slot).number);
  uint64_t count = calls(operation), done = 0;
  uint64_t first = 0, last = 0;
  domain.has_allocated = true;
  for (uint64_t i = 0; i < count; i++) {
    size_t faults = begin_call();
    void* iova = variant_->alloc(domain.memory, size, limit, aligned);
    bool fault = shim::failed_attempts() > faults;
    if (!iova) {
      failed_ = true;
      trace_.add(0);
      if (!fault) check_refusal(domain, size, limit, aligned);
      continue;
    }
    if (fault) raise(oracle::fault_not_reported, "");
    uint64_t lo = variant_->pfn_lo(iova), hi = variant_->pfn_hi(iova);
    trace_.add(lo);
    if (hi - lo + 1 != size)
      raise(oracle::iova_wrong_size,
            fmt::format("{} for {} pages", print_range(lo, hi), size));
    check_handed_out(domain, lo, hi, limit, aligned ? std::bit_ceil(size) : 1);
    new_range(domain, slot, lo, hi, size, iova, RangeKind::tree);
    if (!done++) first = lo;
    last = lo;
  }
  if (count == 1 && done)
    outcome("{}", print_range(last, last + size - 1));
  else if (count == 1)
    outcome("NULL");
  else
    outcome("{} of {}, from pfn {:#x} to {:#x}", done, count, first, last);
}

void Session::alloc_fast(Domain& domain, const Operation& operation) {
  uint64_t limit = 0;
  if (const char* why = cannot_allocate(domain, operation, &limit)) return skip(why);
  if (!domain.has_rcaches) return skip("the domain has no rcaches");
  if (!domain.start_pfn) return skip("pfn 0 could not be told from failure");
  uint64_t size = value(operation, Role::size).number;
  bool flush = !value(operation, Role::no_flush).number;
  unsigned slot = static_cast<unsigned>(value(operation, Role::slot).number);
  uint64_t rounded = size < 32 ? std::bit_ceil(size) : size;
  uint64_t count = calls(operation), done = 0;
  uint64_t first = 0, last = 0;
  domain.has_allocated = true;
  for (uint64_t i = 0; i < count; i++) {
    size_t faults = begin_call();
    uint64_t lo = variant_->alloc_fast(domain.memory, size, limit, flush);
    bool fault = shim::failed_attempts() > faults;
    trace_.add(lo);
    if (!lo) {
      failed_ = true;
      if (!fault) check_refusal(domain, rounded, limit, true);
      continue;
    }
    uint64_t hi = lo + rounded - 1;
    check_handed_out(domain, lo, hi, limit, std::bit_ceil(size));
    new_range(domain, slot, lo, hi, size, nullptr, RangeKind::fast);
    if (!done++) first = lo;
    last = lo;
  }
  if (count == 1 && done)
    outcome("{}", print_range(last, last + rounded - 1));
  else if (count == 1)
    outcome("0, no range");
  else
    outcome("{} of {}, from pfn {:#x} to {:#x}", done, count, first, last);
}

void Session::check_handed_out(Domain& domain, uint64_t lo, uint64_t hi, uint64_t limit,
                               uint64_t alignment) {
  if (lo < domain.start_pfn)
    raise(oracle::iova_below_start,
          fmt::format("{}, start {:#x}", print_range(lo, hi), domain.start_pfn));
  if (hi > limit || hi < lo)
    raise(oracle::iova_above_limit,
          fmt::format("{}, limit {:#x}", print_range(lo, hi), limit));
  if (lo & (alignment - 1))
    raise(oracle::iova_unaligned,
          fmt::format("{}, alignment {:#x}", print_range(lo, hi), alignment));
  if (const Range* other = domain.live_overlap(lo, hi))
    raise(oracle::iova_overlap, fmt::format("{} and {}", print_range(lo, hi),
                                            print_range(other->lo, other->hi)));
  if (domain.reserved.intersects(lo, hi))
    raise(oracle::iova_overlap,
          fmt::format("{} and a reservation", print_range(lo, hi)));
}

void Session::check_refusal(Domain& domain, uint64_t size, uint64_t limit, bool aligned) {
  // Never granted: the hint starts at the size of the whole 32-bit space and refuses from there on.
  if (limit < domain.first_pfn_above_32bit() && size >= domain.first_pfn_above_32bit()) return;
  if (fits(*variant_, domain, size, limit, aligned))
    raise(oracle::spurious_failure,
          fmt::format("{} pages, limit {:#x}{}", size, limit, aligned ? "" : ", unaligned"));
}

Range& Session::new_range(Domain& domain, unsigned slot, uint64_t lo, uint64_t hi, uint64_t size,
                          void* iova, RangeKind kind) {
  Range& range = ranges_[ranges_used_++];
  range.lo = lo;
  range.hi = hi;
  range.size = size;
  range.iova = iova;
  range.kind = kind;
  if (kind != RangeKind::reserved) domain.live.insert(range);
  domain.slots[slot].push_back(range);
  return range;
}

Range* Session::pick(Slot& slot, bool oldest, bool (*wanted)(const Range&)) {
  auto found = oldest ? std::find_if(slot.begin(), slot.end(), wanted) : slot.end();
  if (!oldest) {
    auto newest = std::find_if(slot.rbegin(), slot.rend(), wanted);
    if (newest != slot.rend()) found = std::prev(newest.base());
  }
  return found == slot.end() ? nullptr : &*found;
}

uint64_t Session::position(const Range& range, const Operation& operation) {
  switch (value(operation, Role::at).number) {
    case 0: return range.lo;
    case 1: return range.lo + (range.hi - range.lo) / 2;
    default: return range.hi;
  }
}

void Session::free_ranges(Domain& domain, const Operation& operation) {
  bool (*wanted)(const Range&) =
      operation.code == OpCode::free_fast
          ? [](const Range& range) { return range.kind == RangeKind::fast; }
      : operation.code == OpCode::free_iova
          ? [](const Range& range) { return range.kind != RangeKind::fast; }
          : [](const Range& range) { return range.kind != RangeKind::reserved; };
  Slot& slot = domain.slots[value(operation, Role::slot).number];
  bool oldest = value(operation, Role::oldest).number;
  uint64_t count = calls(operation), done = 0;
  uint64_t first = 0, last = 0;
  for (; done < count; done++) {
    Range* range = pick(slot, oldest, wanted);
    if (!range) break;
    if (!done) first = range->lo;
    last = range->lo;
    if (range->kind == RangeKind::reserved) {
      // The node may have been widened by later reservations; what it covers now is freed.
      range->lo = variant_->pfn_lo(range->iova);
      range->hi = variant_->pfn_hi(range->iova);
      domain.reserved.remove(range->lo, range->hi);
    } else {
      domain.live.erase(domain.live.iterator_to(*range));
    }
    slot.erase(slot.iterator_to(*range));
    if (operation.code == OpCode::free_fast)
      variant_->free_fast(domain.memory, range->lo, range->size);
    else if (operation.code == OpCode::free_iova)
      variant_->free_iova(domain.memory, range->iova);
    else
      variant_->free_pfn(domain.memory, position(*range, operation));
    trace_.add(range->lo);
  }
  if (!done) return skip("the slot has no such range");
  if (count == 1)
    outcome("pfn {:#x}", first);
  else
    outcome("{} of {}, from pfn {:#x} to {:#x}", done, count, first, last);
}

void Session::find(Domain& domain, const Operation& operation) {
  Slot& slot = domain.slots[value(operation, Role::slot).number];
  Range* range = pick(slot, value(operation, Role::oldest).number,
                      [](const Range& range) { return range.kind != RangeKind::reserved; });
  if (!range) return skip("the slot has no range");
  uint64_t pfn = position(*range, operation);
  void* found = variant_->find(domain.memory, pfn);
  bool right = found && variant_->pfn_lo(found) == range->lo && variant_->pfn_hi(found) == range->hi;
  if (!right)
    raise(oracle::find_wrong,
          fmt::format("pfn {:#x} is in {}", pfn, print_range(range->lo, range->hi)));
  trace_.add(range->lo);
  outcome("pfn {:#x} in {}", pfn, print_range(range->lo, range->hi));
}

void Session::find_pfn(Domain& domain, const Operation& operation) {
  if (!domain.memory) return skip("the domain is not initialized");
  uint64_t pfn = resolve(domain, value(operation, Role::pfn));
  if (pfn == ~uint64_t{0}) return skip("pfn ~0 is the anchor's");
  void* found = variant_->find(domain.memory, pfn);
  struct Lookup {
    uint64_t pfn;
    bool in_node;
  } lookup{pfn, false};
  variant_->each_node(
      domain.memory,
      [](void* context, unsigned long lo, unsigned long hi) {
        Lookup& l = *static_cast<Lookup*>(context);
        l.in_node |= lo <= l.pfn && l.pfn <= hi;
        return lo <= l.pfn;
      },
      &lookup);
  bool right = lookup.in_node == (found != nullptr) &&
               (!found || (variant_->pfn_lo(found) <= pfn && pfn <= variant_->pfn_hi(found)));
  if (!right)
    raise(oracle::find_wrong, fmt::format("pfn {:#x} is in {} node", pfn,
                                          lookup.in_node ? "a" : "no"));
  trace_.add(found ? variant_->pfn_lo(found) : 0);
  if (found)
    outcome("{}", print_range(variant_->pfn_lo(found), variant_->pfn_hi(found)));
  else
    outcome("NULL");
}

void Session::reserve(Domain& domain, const Operation& operation) {
  if (!domain.memory) return skip("the domain is not initialized");
  if (!cache_references_) return skip("the cache is not held");
  if (domain.has_allocated) return skip("the domain has handed out ranges");
  uint64_t lo = resolve(domain, value(operation, Role::lo));
  uint64_t hi = lo + value(operation, Role::size).number - 1;
  if (hi < lo || hi > ~uint64_t{0} >> domain.granule_shift || hi == ~uint64_t{0})
    return skip("the range leaves the space");
  size_t faults = shim::failed_attempts();
  void* iova = variant_->reserve(domain.memory, lo, hi);
  trace_.add(iova ? variant_->pfn_lo(iova) : 0);
  check_reported(!iova, faults);
  if (!iova) {
    check_reservations_untouched(domain);
    return outcome("NULL");
  }
  domain.reserved.add(lo, hi);
  outcome("{} in node {}", print_range(lo, hi),
          print_range(variant_->pfn_lo(iova), variant_->pfn_hi(iova)));
  // An existing node may be returned again; it has one owner.
  for (Slot& slot : domain.slots)
    for (Range& range : slot)
      if (range.iova == iova) return;
  new_range(domain, static_cast<unsigned>(value(operation, Role::slot).number), lo, hi,
            hi - lo + 1, iova, RangeKind::reserved);
}

// After a failed reservation, and before the first allocation: the tree holds what was reserved.
void Session::check_reservations_untouched(Domain& domain) {
  PageSet in_tree;
  variant_->each_node(
      domain.memory,
      [](void* context, unsigned long lo, unsigned long hi) {
        if (lo != IOVA_ANCHOR_PFN) static_cast<PageSet*>(context)->add(lo, hi);
        return true;
      },
      &in_tree);
  if (in_tree.pages() == domain.reserved.pages()) return;
  raise(oracle::failure_left_traces,
        fmt::format("{} pages were reserved before, {} are now", domain.reserved.pages(),
                    in_tree.pages()));
  domain.reserved = in_tree;
}

uint64_t Session::resolve(const Domain& domain, const program::Value& pfn) const {
  auto reach = [&](unsigned bits) {
    unsigned shift = bits - static_cast<unsigned>(domain.granule_shift);
    return shift >= 64 ? 0 : uint64_t{1} << shift;
  };
  switch (static_cast<program::Base>(pfn.base)) {
    case program::Base::absolute: return pfn.number;
    case program::Base::start: return domain.start_pfn + pfn.number;
    case program::Base::dma24: return reach(24) + pfn.number;
    case program::Base::dma30: return reach(30) + pfn.number;
    case program::Base::dma31: return reach(31) + pfn.number;
    case program::Base::dma32: return reach(32) + pfn.number;
    case program::Base::dma48: return reach(48) + pfn.number;
    case program::Base::dma64: return reach(64) + pfn.number;
  }
  return pfn.number;
}

// Books the faults of the operation at hand.
void Session::note_faults() {
  while (!injected_.empty() && injected_.back().operation == current_) injected_.pop_back();
  auto attempts = shim::attempts();
  for (size_t i = 0; i < attempts.size(); i++)
    if (attempts[i].failed) injected_.push_back({current_, i, attempts[i]});
}

bool Session::on_finding(const shim::Finding& finding) {
  note_faults();
  // Of a counted operation, only the faults of the call at hand.
  const char* site = "none";
  for (const InjectedFault& fault : injected_)
    if (fault.operation == current_ && fault.attempt >= call_start_)
      site = fault.what.site->function;
  std::string key =
      fmt::format("{}:{}:{}:{}", finding.oracle->id, finding.function, operation_name(), site);
  bool known = finding.oracle->recoverable &&
               std::find(options_.known.begin(), options_.known.end(), key) != options_.known.end();
  if (!known) report_sink(make_report(finding, key));
  if (known && std::find(result_.known_met.begin(), result_.known_met.end(), key) ==
                   result_.known_met.end())
    result_.known_met.push_back(key);
  return known;
}

Report Session::make_report(const shim::Finding& finding, std::string key) const {
  Report report;
  report.key = std::move(key);
  report.headline = shim::headline(*finding.oracle);
  report.function = finding.function;
  if (!finding.where.empty()) report.function += " (" + finding.where + ")";
  report.operation = current_ < program_->operations.size()
                         ? fmt::format("{} ({})", current_, print(program_->operations[current_]))
                         : "the end of the program";
  for (const InjectedFault& fault : injected_)
    report.faults.push_back(describe(fault, *program_));
  report.values = finding.values;
  for (size_t i = 0; i < program_->operations.size(); i++)
    report.program += fmt::format("{} {:4}  {}\n", i == current_ ? "->" : "  ", i,
                                  print(program_->operations[i]));
  if (finding.address)
    if (const shim::Object* object = shim::object_around(finding.address))
      if (finding.values.find(shim::describe(*object)) == std::string::npos)
        report.history = shim::describe(*object);
  report.state = describe_state();
  return report;
}

// From the engine's own books, which no broken allocator can spoil.
std::string Session::describe_state() const {
  constexpr size_t max_ranges = 16;
  std::string text = fmt::format("variant {}, {} references on the cache, CPU {} of {}, {} ms\n",
                                 variant_->name, cache_references_, raw_smp_processor_id(),
                                 num_possible_cpus(), shim_jiffies());
  for (const Domain& domain : domains_) {
    if (!domain.memory) continue;
    text += fmt::format("domain {}: granule {}, start {:#x}, {}, {} ranges in use, {} pages "
                        "reserved\n",
                        &domain - domains_, 1u << domain.granule_shift, domain.start_pfn,
                        domain.has_rcaches ? "rcaches" : "no rcaches", domain.live.size(),
                        domain.reserved.pages());
    size_t shown = 0;
    for (const Range& range : domain.live) {
      if (shown++ == max_ranges) {
        text += fmt::format("  and {} more\n", domain.live.size() - max_ranges);
        break;
      }
      text += fmt::format("  {} by {}\n", print_range(range.lo, range.hi),
                          range.kind == RangeKind::fast ? "alloc_fast" : "alloc");
    }
  }
  return text;
}

}  // namespace

const Result& run(const iova_variant& variant, const program::Program& program,
                  const Options& options) {
  static bool ready = [] {
    shim::catch_sanitizer_reports();
    return true;
  }();
  (void)ready;
  shim::set_finding_handler(
      [](const shim::Finding& finding) { return session().on_finding(finding); });
  return session().run(variant, program, options);
}

void set_report_sink(ReportSink sink) { report_sink = sink; }

std::string format(const Report& report) {
  std::string text = fmt::format("\n==iovafuzz== key: {}\npanic: {}\n", report.key, report.headline);
  if (report.faults.empty()) text += "faults injected: none\n";
  for (const std::string& fault : report.faults) text += "fault injected: " + fault + "\n";
  text += fmt::format("operation: {}\nin: {}\n", report.operation, report.function);
  text += fmt::format("DEDUP_TOKEN: {}\n", report.key);
  if (!report.values.empty()) text += "found: " + report.values + "\n";
  if (!report.history.empty()) text += "object: " + report.history + "\n";
  text += "program:\n" + report.program;
  if (!report.state.empty()) text += "state:\n" + report.state;
  return text + "==iovafuzz== end of report\n";
}

}  // namespace engine
