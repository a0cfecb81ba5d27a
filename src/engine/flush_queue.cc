// SPDX-License-Identifier: GPL-2.0-only
// The operations of the flush queue, and of time and CPUs, which overlap with a slow flush: one
// that lasts while other CPUs go on. A release is told of by the pages that are put before it.
#include <algorithm>
#include <utility>

#include "engine/invariants.h"
#include "engine/session.h"
#include "shim/context.h"
#include "shim/cpu.h"
#include "shim/iommu.h"
#include "shim/timekeeping.h"

namespace engine {

void Session::queue_init(Domain& domain, const Operation& operation) {
  if (!domain.memory) return skip("the domain is not initialized");
  if (!variant_->queue) return skip("this allocator's flush queue is not at hand");
  if (domain.has_queue) return skip("the domain has a flush queue");
  bool single = value(operation, Role::single).number;
  if (single && !variant_->queue->has_single) return skip("this allocator has no single ring");
  size_t faults = shim::failed_attempts();
  int error = variant_->queue->init(domain.memory, single);
  trace_.add(static_cast<uint64_t>(error));
  if (options_.on_step) outcome("{}", print_error(error));
  check_reported(error != 0, faults);
  domain.has_queue = !error;
  domain.single_queue = single;
}

void Session::queue(Domain& domain, const Operation& operation) {
  if (!domain.has_queue) return skip("the domain has no flush queue");
  unsigned cpu = raw_smp_processor_id();
  size_t operation_index = current_;
  uint64_t count = calls(operation), done = 0;
  uint64_t first = 0, last = 0;
  for (; done < count; done++) {
    Slot& slot = domain.slots[value(operation, Role::slot).number];
    Range* range = pick(slot, value(operation, Role::oldest).number,
                        [](const Range& range) { return range.kind == RangeKind::fast; });
    if (!range) break;
    begin_call();
    if (!done) first = range->lo;
    last = range->lo;
    slot.erase(slot.iterator_to(*range));
    range->kind = RangeKind::queued;
    range->list = nullptr;
    range->unmapped_at = domain.flushes_started;
    domain.queued.push_back(*range);
    INIT_LIST_HEAD(&range->pages);
    static const shim_site in_driver{"queue_iova", __FILE__, __LINE__};
    for (uint64_t i = value(operation, Role::pages).number; i; i--)
      shim_add_page(&range->pages, &in_driver);
    domain.unmaps_under_way++;
    range->list = variant_->queue->queue(domain.memory, range->lo, range->size, &range->pages);
    domain.unmaps_under_way--;
    settle_release();
    range->queued_at = shim_jiffies();
    range->overlaps_flush = shim::suspended_contexts() > 0;
    range->ring = domain.single_queue ? 0 : raw_smp_processor_id();
    trace_.add(range->lo);
    if (++domain.in_ring[range->ring] < variant_->queue->entries) continue;
    raise(oracle::queue_overrun, fmt::format("{} of {} entries", domain.in_ring[range->ring],
                                             variant_->queue->entries - 1));
    given_up_ = true;
    return;
  }
  if (current_ != operation_index) return;  // it ends within another operation
  if (!done) return skip("the slot has no such range");
  if (count == 1)
    outcome("pfn {:#x}, on CPU {}", first, cpu);
  else
    outcome("{} of {}, from pfn {:#x} to {:#x}, on CPU {}", done, count, first, last, cpu);
}

void Session::on_hardware_flush(const void* address) {
  for (Domain& domain : domains_) {
    const char* start = static_cast<const char*>(domain.memory);
    const char* at = static_cast<const char*>(address);
    if (!start || at < start || at >= start + variant_->domain_size) continue;
    uint64_t number = ++domain.flushes_started;
    trace_.add(number);
    bool others_go_on = idle_cpu(raw_smp_processor_id()) < program::max_cpus;
    if (slow_ && shim::in_started_context() && others_go_on) {
      slow_ = false;
      shim::suspend_context();
    }
    domain.newest_finished = std::max(domain.newest_finished, number);
  }
}

void Session::on_pages_put(const list_head* list) {
  settle_release();
  for (Domain& domain : domains_) {
    for (Range& range : domain.queued) {
      if (range.list != list) continue;
      if (&domain == destroyed_) return;  // its ranges go with it
      if (domain.newest_finished <= range.unmapped_at)
        raise(oracle::queue_early,
              fmt::format("{}, unmapped after the start of flush {}; the newest that is over: {}",
                          print_range(range.lo, range.hi), range.unmapped_at,
                          domain.newest_finished));
      trace_.add(range.lo);
      domain.in_ring[range.ring]--;
      domain.queued.erase(domain.queued.iterator_to(range));
      domain.live.erase(domain.live.iterator_to(range));
      release_ = {&domain, &range, raw_smp_processor_id(), shim::attempts().size()};
      return;
    }
  }
  if (!destroyed_) raise(oracle::queue_stray, "");
}

void Session::settle_release() {
  if (!release_.domain) return;
  Release release = std::exchange(release_, {});
  Acting freeing(*this, OpCode::free_fast);
  model_freed(*release.domain, *release.range, true, release.cpu, release.first_attempt);
  if (closely_) check_ranges(*variant_, *release.domain, function());
}

void Session::on_event(bool is_timer) {
  settle_release();
  clock_.now = shim_jiffies();
  if (!is_timer) run_model_work();
}

void Session::execute_with_slow_flush(const Operation& operation) {
  bool may_flush = operation.code == OpCode::queue || operation.code == OpCode::tick;
  if (!may_flush || !shim::can_start_context()) return execute_in_context(operation);
  unsigned cpu = raw_smp_processor_id();
  const Operation* started = &operation;  // of the program: it outlives the context
  bool ended = shim::start_context(
      [](void* argument) {
        session().execute_in_context(**static_cast<const Operation**>(argument));
      },
      &started);
  if (ended) return;
  shim_set_current_cpu(idle_cpu(cpu));
  outcome("a hardware flush lasts on CPU {}, now on CPU {}", cpu, raw_smp_processor_id());
}

void Session::flush_done() {
  if (!shim::suspended_contexts()) return skip("no flush lasts");
  unsigned cpu = shim::cpu_of_suspended(0);
  shim::finish_oldest_context();
  outcome("the one on CPU {}", cpu);
}

// At the end of a run.
void Session::finish_slow_flushes() {
  Acting finishing(*this, OpCode::flush_done);
  while (shim::suspended_contexts()) shim::finish_oldest_context();
}

unsigned Session::idle_cpu(unsigned but) {
  for (unsigned cpu = 0; cpu < num_possible_cpus(); cpu++)
    if (cpu != but && cpu_online(cpu) && !shim::is_busy(cpu)) return cpu;
  return program::max_cpus;
}

void Session::switch_to_cpu(unsigned cpu) {
  if (!cpu_online(cpu)) return skip("the CPU is not online");
  if (shim::is_busy(cpu)) return skip("a hardware flush keeps the CPU busy");
  shim_set_current_cpu(cpu);
  outcome("on CPU {}", cpu);
}

void Session::take_offline(unsigned cpu) {
  if (!cpu_online(cpu)) return skip("the CPU is not online");
  if (num_online_cpus() == 1) return skip("the last online CPU");
  if (shim::is_busy(cpu)) return skip("a hardware flush keeps the CPU busy");
  unsigned other = idle_cpu(cpu);
  if (other == program::max_cpus) return skip("a hardware flush keeps the others busy");
  if (raw_smp_processor_id() == cpu) shim_set_current_cpu(other);
  shim_cpu_offline(cpu);
  for (Domain& domain : domains_)
    if (domain.memory) domain.rcache.cpu_died(cpu);
  outcome("{} CPUs online, now on CPU {}", num_online_cpus(), raw_smp_processor_id());
}

// Runs the works and timers that come due.
void Session::advance_time(uint64_t ms) {
  size_t operation_index = current_;
  bool waits = shim::suspended_contexts();
  shim_advance(ms);
  settle_release();
  clock_.now = shim_jiffies();
  while (run_model_work()) {  // none, if all ran that should have
  }
  if (current_ != operation_index) return;  // a slow flush ended within another operation
  outcome("now {} ms", shim_jiffies());
  waits = waits || shim::suspended_contexts();  // then a timer whose handler lasts is late
  for (Domain& domain : domains_) {
    for (Range& range : domain.queued) {
      const iova_queue& queue = *variant_->queue;
      uint64_t timeout = domain.single_queue ? queue.timeout_of_single : queue.timeout;
      if (range.queued_at + timeout > shim_jiffies()) continue;
      if (waits) range.is_overtaken = range.overlaps_flush;
      if (waits || range.is_overtaken) continue;
      shim::raise(shim::Finding{&oracle::queue_overdue, "fq_flush_timeout", "",
                                fmt::format("{}, queued at {} ms, now {} ms",
                                            print_range(range.lo, range.hi), range.queued_at,
                                            shim_jiffies()),
                                nullptr});
      break;
    }
  }
}

// At the end of a run: by its timer, within the timeout.
void Session::release_queued() {
  if (!variant_->queue) return;
  bool any = std::any_of(std::begin(domains_), std::end(domains_),
                         [](const Domain& domain) { return !domain.queued.empty(); });
  Acting time(*this, OpCode::tick);
  if (any) advance_time(std::max(variant_->queue->timeout, variant_->queue->timeout_of_single));
}

}  // namespace engine
