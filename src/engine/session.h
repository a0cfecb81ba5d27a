// SPDX-License-Identifier: GPL-2.0-only
// The inside of the engine: one run and all that it is made of.
//   engine.cc      the frame of a run: faults, steps, checks between operations, findings
//   operations.cc  what each operation does, and the checks of what it returned
//   flush_queue.cc the operations of the flush queue, and those that overlap with a slow flush
//   report.cc      a finding in the terms of the program
#pragma once

#include <fmt/format.h>

#include <csetjmp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/domain.h"
#include "engine/engine.h"
#include "engine/oracles.h"
#include "engine/report.h"
#include "engine/trace.h"
#include "shim/fault.h"
#include "shim/finding.h"
#include "shim/world.h"

namespace engine {

using program::OpCode;
using program::Operation;
using program::Role;

// An injected fault, for reports.
struct InjectedFault {
  size_t operation, attempt;
  shim::Attempt what;
};

// "0x10" or "0x10..0x1f"
std::string print_range(uint64_t lo, uint64_t hi);
// "-ENOMEM"; "0" for success.
std::string print_error(int error);
// To the sink that set_report_sink() chose.
void deliver(const Report& report);

// All that a run is made of. There is one at a time, and its memory serves run after run.
class Session {
 public:
  const Result& run(const iova_variant& variant, const program::Program& program,
                    const Options& options);

  // Raises variants-differ at an operation of the run that is over. Returns the keys gone past.
  std::vector<std::string> report_difference(size_t operation, std::string values,
                                             std::span<const std::string> known);

  // What the driver's side of a flush queue is told (shim/iommu.h).
  void on_hardware_flush(const void* domain);
  void on_pages_put(const list_head* list);
  // Before the handler of a work or timer runs.
  void on_event(bool is_timer);

  // Returns true to go on past a known finding.
  bool on_finding(const shim::Finding& finding);

 private:
  // The frame of a run.
  const Result& run_once(const iova_variant& variant, const program::Program& program,
                         const Options& options);
  void begin(const iova_variant& variant, const program::Program& program, const Options& options);
  void execute_all();
  void check_state();
  bool calls_for_a_closer_look() const;
  void repeat_closely_before_this_call();
  void check_between_calls();
  void arm(const Operation& fail);
  void plan();
  void execute(const Operation& operation);
  void execute_in_context(const Operation& operation);
  void execute_with_slow_flush(const Operation& operation);
  void finish_operation(const Operation& operation);
  void finish_step();
  void end();
  const Result& give_up();
  void give_everything_back(Domain& domain);

  // Operations.
  void cache_get();
  void cache_put();
  void init(Domain& domain, const Operation& operation);
  void init_rcaches(Domain& domain);
  void start_rcaches(Domain& domain);
  void put(Domain& domain);
  void alloc(Domain& domain, const Operation& operation);
  void alloc_fast(Domain& domain, const Operation& operation);
  void free_ranges(Domain& domain, const Operation& operation);
  void find(Domain& domain, const Operation& operation);
  void find_pfn(Domain& domain, const Operation& operation);
  void reserve(Domain& domain, const Operation& operation);
  void free_pfn(Domain& domain, const Operation& operation);
  void queue_init(Domain& domain, const Operation& operation);
  void queue(Domain& domain, const Operation& operation);
  void flush_done();
  void switch_to_cpu(unsigned cpu);
  void take_offline(unsigned cpu);
  void advance_time(uint64_t ms);

  // Their parts.
  const char* cannot_allocate(const Domain& domain, const Operation& operation, uint64_t* limit);
  // As the variant takes a limit.
  uint64_t understood(uint64_t limit) const {
    return variant_->takes_any_limit && limit == ~uint64_t{0} ? limit - 1 : limit;
  }
  uint64_t resolve(const Domain& domain, const program::Value& pfn) const;
  void check_handed_out(Domain& domain, uint64_t lo, uint64_t hi, uint64_t limit,
                        uint64_t alignment);
  void check_refusal(Domain& domain, const Request& request);
  void check_failed_reservation(Domain& domain, uint64_t lo, uint64_t hi);
  void check_placement(Domain& domain, const Request& request, std::optional<uint64_t> expected,
                       std::optional<uint64_t> found);
  void check_fast(Domain& domain, const Request& request, const FastAnswer& expected,
                  std::optional<uint64_t> found, size_t tries);
  void check_flush(const Domain& domain, bool asked, bool refused, size_t tries);
  void model_freed(Domain& domain, const Range& range, bool fast, unsigned cpu,
                   size_t first_attempt);
  bool run_model_work();
  void settle_release();
  void check_models();
  void check_flush_counters(const Domain& domain);
  void check_object_count();
  // The models of a domain go on from what the allocator did.
  void adopt(Domain& domain) {
    domain.model.adopt(*variant_, domain.memory);
    domain.rcache.adopt(*variant_, domain.memory);
  }
  void check_reported(bool failed, size_t faults_before);
  void tell_allocated(uint64_t count, uint64_t done, std::pair<uint64_t, uint64_t> pfns,
                      uint64_t size, const char* refusal);
  Range& new_range(Domain& domain, unsigned slot, uint64_t lo, uint64_t hi, uint64_t size,
                   void* iova, RangeKind kind);
  Range* pick(Slot& slot, bool oldest, bool (*wanted)(const Range&));
  static uint64_t position(const Range& range, const Operation& operation);
  void destroy(Domain& domain);
  void finish_slow_flushes();
  void release_queued();
  // An online CPU but the given one that no slow flush keeps busy; max_cpus if there is none.
  static unsigned idle_cpu(unsigned but);

  // Returns how many attempts of the operation have failed before the call.
  size_t begin_call() {
    if (closely_ && calls_begun_ && current_ < program_->operations.size())
      check_between_calls();
    calls_begun_++;
    call_start_ = shim::attempts().size();
    return shim::failed_attempts();
  }
  // While it lives, what happens is the other operation's doing, not the one's of the program.
  class Acting {
   public:
    Acting(Session& session, OpCode code)
        : session_(session), before_(std::exchange(session.acting_, &program::spec(code))) {}
    ~Acting() { session_.acting_ = before_; }
    Acting(const Acting&) = delete;

   private:
    Session& session_;
    const program::OperationSpec* before_;
  };
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
  // The operation at hand, for keys: the call into the allocator, wherever the program has it; NULL
  // at the end. A queue's release of a range is a free_fast.
  const program::OperationSpec* at_hand() const {
    if (release_.domain) return &program::spec(OpCode::free_fast);
    if (acting_) return acting_;
    if (current_ >= program_->operations.size()) return nullptr;
    return &program::spec(program_->operations[current_].code);
  }
  const char* function() const {
    const program::OperationSpec* spec = at_hand();
    return !spec ? "put_iova_domain" : *spec->function ? spec->function : "?";
  }
  const char* operation_name() const { return at_hand() ? at_hand()->name : "end"; }
  void note_faults();
  Report make_report(const shim::Finding& finding, std::string key) const;
  std::string describe_operation() const;
  std::string describe_state() const;
  size_t ranges_in_use() const;

  const iova_variant* variant_ = nullptr;
  const program::Program* program_ = nullptr;
  Options options_;
  Result result_{};
  Trace trace_;

  bool running_ = false;
  size_t current_ = 0;
  const char* skipped_ = nullptr;
  std::string outcome_;
  shim::FaultMask armed_;
  bool is_armed_ = false;
  bool in_irq_ = false;  // the next operation is to run there
  bool edge_ = false;    // it may do what no caller does
  bool slow_ = false;    // the first hardware flush of the next operation is to last
  Domain* destroyed_ = nullptr;  // by the call at hand
  // A range that the queue is about to free: what that comes to is known after it.
  struct Release {
    Domain* domain;  // NULL: none
    const Range* range;
    unsigned cpu;
    size_t first_attempt;
  } release_{};
  const program::OperationSpec* acting_ = nullptr;
  bool given_up_ = false;  // gone past a finding that leaves nothing to judge
  std::vector<InjectedFault> injected_;
  shim::Census before_{};
  // Of a counted operation: its calls so far, and the attempts before the one at hand.
  size_t calls_begun_ = 0, call_start_ = 0;
  bool failed_ = false;  // the operation reported failure
  size_t findings_ = 0;  // ever
  // Whole-state checks cost what they look at; operations earn the right to one.
  uint64_t credit_ = 0, check_cost_ = 0;
  // A finding is told where things went wrong first: for it, the run is repeated with a look at
  // everything after each call.
  bool closely_ = false;
  jmp_buf start_of_run_;
  const program::Program* whole_program_ = nullptr;  // of which a repeated run takes a part
  struct Met {
    std::string key, operation;
  };
  std::optional<Met> met_first_;  // what the run was repeated for

  unsigned cache_references_ = 0;
  Domain domains_[program::max_domains];
  ModelClock clock_;  // of the models
  std::unique_ptr<Range[]> ranges_;
  size_t ranges_size_ = 0, ranges_used_ = 0;
};

// The one of this process.
Session& session();

}  // namespace engine
