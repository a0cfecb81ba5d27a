// SPDX-License-Identifier: GPL-2.0-only
#include "engine/reference/models.h"

#include <fmt/core.h>

#include "shim/cpu.h"
#include "shim/fault.h"
#include "shim/timekeeping.h"

namespace engine::reference {

void Models::hear(const Event& event) {
  switch (event.kind) {
    case Kind::release_end: return free(*event.domain, *event.range, true, event.cpu, event.number);
    case Kind::handler_begin:
      clock_.now = shim_jiffies();
      if (!event.number) run_work();
      return;
    case Kind::time_passed:
      clock_.now = shim_jiffies();
      while (run_work()) {  // none left if all due works ran
      }
      return;
    case Kind::cpu_offline:
      for (const Domain& domain : scene_.books.domains())
        if (domain.memory) of(domain).rcache.cpu_died(event.cpu);
      return;
    default: return;
  }
}

// Initializes the model with its domain.
void Models::begin_call(Call& call) {
  const Domain& domain = *call.domain;
  of(domain).tree.init(variant(), domain.start_pfn, domain.first_pfn_above_32bit());
  of(domain).rcache.clear();
}

void Models::end_call(Call& call) {
  const Domain& domain = *call.domain;
  switch (call.function) {
    case Function::init_domain:
      // Variants without init_rcaches() do it here and cannot report failure.
      if (!variant().init_rcaches) start_rcaches(domain);
      return;
    case Function::init_rcaches:
      if (!call.error) start_rcaches(domain);
      return;
    case Function::alloc:
      answer_ = {std::nullopt, 1};
      if (!call.faults) answer_.pfn = of(domain).tree.allocate(request_of(variant(), call));
      return;
    case Function::alloc_fast: {
      AttemptCursor attempts(shim::attempts(), call.first_attempt);
      answer_ = of(domain).rcache.allocate(request_of(variant(), call), call.flush,
                                           raw_smp_processor_id(), attempts);
      return;
    }
    case Function::free_pfn:
    case Function::free_iova:
    case Function::free_fast:
      if (call.range)
        free(domain, *call.range, call.function == Function::free_fast, raw_smp_processor_id(),
             call.first_attempt);
      return;
    // Reserved nodes are judged elsewhere.
    case Function::reserve: return of(domain).tree.adopt_nodes(variant(), domain.memory);
    default: return;
  }
}

// Consumes the attempts of the current operation.
void Models::start_rcaches(const Domain& domain) {
  AttemptCursor attempts(shim::attempts(), 0);
  of(domain).rcache.init(variant(), of(domain).tree, clock_, attempts);
}

// The call that freed the range made all attempts from first_attempt on.
void Models::free(const Domain& domain, const Range& range, bool fast, unsigned cpu,
                  size_t first_attempt) {
  AttemptCursor attempts(shim::attempts(), first_attempt);
  if (fast)
    of(domain).rcache.free(range.lo, range.size, cpu, attempts);
  else
    of(domain).tree.remove(range.lo);
  if (attempts.took_all()) return;
  raise(oracle::rcache_wrong,
        fmt::format("{:#x} was freed with {} allocation attempts, should be {}", range.lo,
                    shim::attempts().size() - first_attempt, attempts.next() - first_attempt));
  adopt(domain);
}

// Runs the oldest due work in all domains. Returns false if none is due.
bool Models::run_work() {
  RcacheModel* next = nullptr;
  for (const Domain& domain : scene_.books.domains()) {
    RcacheModel& rcache = of(domain).rcache;
    const RcacheModel::Work* work = domain.memory ? rcache.next_work() : nullptr;
    if (work && work->deadline <= shim_jiffies() && (!next || work->is_before(*next->next_work())))
      next = &rcache;
  }
  if (next) next->run_next_work();
  return next;
}

void Models::adopt(const Domain& domain) {
  of(domain).tree.adopt(variant(), domain.memory);
  of(domain).rcache.adopt(variant(), domain.memory);
}

contract::Explanation::Cause Models::explain_refusal(const Domain& domain,
                                                     const Request& request) const {
  const Model& tree = of(domain).tree;
  const shim::Oracle& oracle = tree.explain_refusal(request);
  if (&oracle == &oracle::spurious_failure) return {&oracle, ""};
  if (&oracle == &oracle::second_pass_missing)
    return {&oracle, fmt::format("; the search began below {:#x}", tree.begin_of_search(request))};
  const Request& cause = tree.hint_cause();
  return {&oracle, fmt::format("; refused before: {} pages, limit {:#x}{}", cause.size, cause.limit,
                               cause.aligned ? "" : ", unaligned")};
}

}  // namespace engine::reference
