// SPDX-License-Identifier: GPL-2.0-only
// Judges the flush queue by its releases: no range is released before the end of a
// hardware flush that started after its unmapping; only queued ranges are released, each within the
// queue's timeout; no range is queued into a full ring.
//
// A release begins when the queue puts the range's pages or, of trees that announce it, when it
// frees the range.
#include <fmt/core.h>

#include <utility>

#include "engine/contract/judges.h"
#include "engine/printing.h"
#include "shim/context.h"
#include "shim/cpu.h"
#include "shim/timekeeping.h"

namespace engine::contract {

static std::string ring_of(const Domain& domain, const Range& range) {
  if (domain.single_queue) return "the single ring";
  if (!range.in_ring) return "the ring of a CPU that is unknown, since the call moved";
  return fmt::format("the ring of CPU {}, which is {}", range.ring,
                     cpu_online(range.ring) ? "online" : "offline");
}

void FlushQueue::hear(const Event& event) {
  switch (event.kind) {
    case Kind::pages_put: return check_flushed(*event.domain, *event.range);
    case Kind::release_begin: return release(event);
    case Kind::time_passed: return check_timeouts(event);
    case Kind::handler_begin:
      if (event.number) note_timer();
      return;
    default: return;
  }
}

void FlushQueue::begin_call(Call& call) {
  Range& range = *call.range;
  range.in_ring = range.is_released = false;
  range.overlaps_flush = range.is_overtaken = range.has_met_timer = false;
}

void FlushQueue::end_call(Call& call) {
  if (call.function == Function::queue)
    queued(call);
  else
    begin_queue(call.domain->number);
}

void FlushQueue::begin_queue(unsigned domain) {
  in_ring_[domain] = {};
  has_moved_[domain] = false;
}

void FlushQueue::queued(const Call& call) {
  Range& range = *call.range;
  if (range.is_released) return;
  range.in_ring = !call.left_cpus;  // else the ring of any CPU may hold it
  range.queued_at = shim_now();
  // A handler that began before the call may have left its flag set, so it may pass this range
  // over.
  range.has_met_timer |= call.may_overlap && scene_.ambient_begun != call.ambient_before;
  const bool beside_flush = shim::suspended_contexts() && !scene_.overlapped;
  range.overlaps_flush = beside_flush || is_touched_by_others(call);
  range.ring = call.domain->single_queue ? 0 : raw_smp_processor_id();
  // Ranges that a timer passed over are released with this one.
  if (!range.overlaps_flush)
    for (Range& other : call.domain->queued)
      if (std::exchange(other.is_overtaken, false)) {
        other.queued_at = range.queued_at;
        other.overlaps_flush = false;
      }
  unsigned& entries = in_ring_[call.domain->number][range.ring];
  bool& has_moved = has_moved_[call.domain->number];
  entries += range.in_ring;
  has_moved |= !range.in_ring;
  // Once a call has moved, a ring may have more entries than were counted: its view tells.
  const bool is_overrun = entries >= variant().queue->entries
                              ? !holds_all(*call.domain)
                              : has_moved && shows(IOVA_VIEW_RINGS) && !sees_all(*call.domain);
  if (!is_overrun) return;
  raise(oracle::queue_overrun,
        fmt::format("{} entries in a ring that takes {}{}", entries, variant().queue->entries - 1,
                    has_moved ? "; a call that moved to another CPU may have added more" : ""));
  scene_.beyond_judgement = true;
}

// Upstream keeps one slot of a ring free. Another design may fill it if the view of rings shows all
// entries.
bool FlushQueue::holds_all(const Domain& domain) const {
  return !variant().strict && shows(IOVA_VIEW_RINGS) && sees_all(domain);
}

bool FlushQueue::sees_all(const Domain& domain) const {
  return queued_in(variant(), domain.memory) + domain.unmaps_under_way >= domain.queued.size();
}

// The function that put the pages: the caller that queues or tears down, or the timer if only time
// passed.
const char* FlushQueue::releasing_function() const {
  const program::OperationSpec* at_hand = scene_.position.at_hand();
  return at_hand && at_hand->passes_time ? "fq_flush_timeout" : scene_.position.function();
}

void FlushQueue::check_flushed(const Domain& domain, const Range& range) const {
  if (domain.newest_finished > range.unmapped_at) return;
  raise(oracle::queue_early, releasing_function(),
        fmt::format("{}, unmapped {}; newest finished flush: {}", print_range(range.lo, range.hi),
                    range.unmapped_at == not_visible
                        ? "but not yet visible to any flush"
                        : fmt::format("after the start of flush {}", range.unmapped_at),
                    domain.newest_finished));
}

void FlushQueue::release(const Event& event) {
  if (!event.range) return raise(oracle::queue_stray, releasing_function(), "");
  event.range->is_released = true;
  check_flushed(*event.domain, *event.range);
  if (event.range->in_ring) in_ring_[event.domain->number][event.range->ring]--;
}

// Any timer counts, since a suspended tick does not say which queue's has fired.
void FlushQueue::note_timer() const {
  for (Domain& domain : scene_.books.domains())
    for (Range& range : domain.queued) range.has_met_timer = true;
}

void FlushQueue::check_timeouts(const Event& passed) const {
  const bool waited = passed.number;
  for (Domain& domain : scene_.books.domains()) {
    for (Range& range : domain.queued) {
      const iova_queue& queue = *variant().queue;
      uint64_t timeout = domain.single_queue ? queue.timeout_of_single : queue.timeout;
      timeout = (msecs_to_jiffies(timeout) * 1000 + HZ - 1) / HZ;  // a timer never fires early
      if (waited && range.overlaps_flush && range.has_met_timer) range.is_overtaken = true;
      if (range.queued_at + timeout > shim_now()) continue;
      if (waited || range.is_overtaken) continue;
      raise(oracle::queue_overdue, "fq_flush_timeout",
            fmt::format("{}, queued at {} ms, now {} ms, in {}", print_range(range.lo, range.hi),
                        range.queued_at, shim_now(), ring_of(domain, range)));
      break;
    }
  }
}

}  // namespace engine::contract
