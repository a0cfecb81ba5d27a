// SPDX-License-Identifier: GPL-2.0-only
// Judges the rings of a flush queue: each queued range is in them once, unless a slow flush still
// delays its queue() call, and no more flushes have finished than started. A breach means a range
// that is never released, or too early.
#include <fmt/core.h>

#include "engine/contract/views/judges.h"

namespace engine::contract {

void Rings::hear(const Event& event) {
  if (!shows(IOVA_VIEW_RINGS)) return;
  if (event.kind == Kind::quiet) return check_counters();
  if (event.domain->has_queue) check_contents(*event.view, *event.domain);
}

void Rings::check_contents(const Snapshot& view, const Domain& domain) const {
  for (const iova_queued_view& entry : view.queued) {
    auto range = domain.live.find(entry.pfn);
    if (range == domain.live.end() || range->kind != RangeKind::queued)
      return raise(oracle::queue_lost,
                   fmt::format("pfn {:#x} in ring {} was not queued", entry.pfn, entry.ring));
  }
  size_t expected = domain.queued.size() - domain.unmaps_under_way;
  if (view.queued.size() != expected)
    raise(oracle::queue_lost,
          fmt::format("{} ranges in the rings, expected {}", view.queued.size(), expected));
}

void Rings::check_counters() const {
  for (const Domain& domain : scene_.books.domains()) {
    if (!domain.memory || !domain.has_queue) continue;
    iova_queue_fields queue;
    variant().queue->fields(domain.memory, &queue);
    if (queue.finished > queue.started)
      raise(oracle::queue_counters, "fq_flush_iotlb",
            fmt::format("{} finished, {} started", queue.finished, queue.started));
  }
}

}  // namespace engine::contract
