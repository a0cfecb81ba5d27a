// SPDX-License-Identifier: GPL-2.0-only
#include "engine/tracer.h"

#include "engine/domain.h"
#include "engine/views.h"
#include "shim/fault.h"

namespace engine {
namespace {

uint64_t hash_of_name(const shim_site& site) {
  struct Known {
    const shim_site* site;
    uint64_t hash;
  };
  static Known known[64];
  Known& entry = known[reinterpret_cast<uintptr_t>(&site) / sizeof site % std::size(known)];
  if (entry.site != &site) entry = {&site, hash_of_text(site.function)};
  return entry.hash;
}

}  // namespace

void Tracer::hear(const Event& event) {
  switch (event.kind) {
    case Kind::operation_begin: return trace_.add(static_cast<uint64_t>(event.operation->code));
    case Kind::operation_end:
      if (shows_all_of_models(views_)) add_attempts();
      return;
    case Kind::skipped: return trace_.add(~uint64_t{0});
    case Kind::flush_begin: return trace_.add(event.number);
    case Kind::pages_put:
      if (event.range) trace_.add(event.range->lo);
      return;
    case Kind::finding:
      if (shows_all_of_models(views_)) trace_.add_text(event.text);
      return;
    case Kind::look: return add(*event.view);
    default: return;
  }
}

void Tracer::end_call(Call& call) {
  switch (call.function) {
    case Function::cache_get:
    case Function::init_rcaches:
    case Function::queue_init: return trace_.add(static_cast<uint64_t>(call.error));
    case Function::alloc:
    case Function::alloc_fast:
    case Function::reserve:
      if (call.is_aside) return;
      return trace_.add(call.granted ? call.lo : 0);
    case Function::find:
      if (call.is_aside) return;
      return trace_.add(call.range ? call.range->lo : call.granted ? call.lo : 0);
    case Function::free_pfn:
    case Function::free_iova:
    case Function::free_fast:
    case Function::queue:
      if (call.range && !call.is_aside) trace_.add(call.range->lo);
      return;
    default: return;
  }
}

void Tracer::add_attempts() {
  auto attempts = shim::attempts();
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
}

void Tracer::add(const Snapshot& view) {
  if (views_ & IOVA_VIEW_NODES) trace_.add(view.nodes_hash());
  if (views_ & IOVA_VIEW_DEPOTS)
    for (const iova_depot_view& depot : view.depots)
      trace_.add(depot.size << 1 | depot.work_pending);
  if (views_ & IOVA_VIEW_MAGAZINES) {
    trace_.add(view.magazines.size());
    trace_.add(view.contents.hash());
  }
  if (views_ & IOVA_VIEW_HINT) trace_.add(view.fields.max32_alloc_size);
  if (views_ & IOVA_VIEW_CACHED_NODES) {
    trace_.add(view.fields.cached_lo);
    trace_.add(view.fields.cached32_lo);
  }
  const iova_queue_fields& queue = view.queue;
  if (!queue.exists || !(views_ & IOVA_VIEW_RINGS)) return;
  trace_.add(queue.started << 2 | uint64_t{queue.timer_on} << 1 | queue.timer_pending);
  trace_.add(queue.finished);
  for (const iova_queued_view& entry : view.queued) {
    trace_.add(entry.pfn);
    trace_.add(entry.pages << 32 | uint64_t{entry.ring} << 24);
    trace_.add(entry.counter);
  }
}

}  // namespace engine
