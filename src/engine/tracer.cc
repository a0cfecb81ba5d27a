// SPDX-License-Identifier: GPL-2.0-only
#include "engine/tracer.h"

#include <fmt/core.h>

#include <utility>

#include "engine/domain.h"
#include "engine/oracles.h"
#include "engine/printing.h"
#include "engine/views.h"
#include "shim/fault.h"

namespace engine {
namespace {

// Consecutive names are mostly the same, so hashes are cached by address.
template <class Named>
uint64_t hash_of_name(const Named* named, const char* name) {
  struct Known {
    const void* named;
    uint64_t hash;
  };
  static Known known[64];
  Known& entry = known[reinterpret_cast<uintptr_t>(named) / alignof(Named) % std::size(known)];
  if (entry.named != named) entry = {named, hash_of_text(name)};
  return entry.hash;
}

}  // namespace

void Tracer::begin(unsigned views, unsigned ignored, std::vector<Traced>* parts) {
  trace_.clear();
  views_ = views;
  ignored_ = ignored;
  gfp_ = traces(ignored::gfp) ? ~gfp_t{0} : __GFP_ZERO;
  if (!traces(ignored::zeroing)) gfp_ &= ~gfp_t{__GFP_ZERO};
  parts_ = parts;
}

void Tracer::write(std::string what, std::string value) {
  if (parts_) parts_->push_back({std::move(what), std::move(value)});
}

void Tracer::add(uint64_t value, const char* what) {
  trace_.add(value);
  if (parts_) write(what, fmt::format("{:#x}", value));
}

void Tracer::hear(const Event& event) {
  const bool is_of_models = shows_all_of_models(views_);
  switch (event.kind) {
    case Kind::operation_begin:
      return add(static_cast<uint64_t>(event.operation->code), "the operation");
    case Kind::operation_end:
      if (is_of_models && traces(ignored::allocations)) add_attempts();
      return;
    case Kind::skipped: return add(~uint64_t{0}, "a skipped operation");
    case Kind::flush_begin: return add(event.number, "the number of a hardware flush");
    case Kind::release_begin:
      if (event.range) add(event.range->lo, "a range that the queue releases");
      return;
    case Kind::finding:
      // The models compare aspects that may be ignored, so their findings are left out.
      if (!is_of_models || (ignored_ && is_difference(event.text))) return;
      trace_.add_text(event.text);
      return write("a finding", event.text);
    case Kind::look:
      if (traces(ignored::state)) add(*event.view);
      return;
    default: return;
  }
}

void Tracer::end_call(Call& call) {
  const char* const function = print(call.function);
  auto tell = [&](const char* what, uint64_t value) {
    trace_.add(value);
    if (parts_)
      write(fmt::format("the pfn that {}() {}", function, what), fmt::format("{:#x}", value));
  };
  switch (call.function) {
    case Function::cache_get:
    case Function::init_rcaches:
    case Function::queue_init:
      trace_.add(static_cast<uint64_t>(call.error));
      if (parts_) write(fmt::format("the result of {}()", function), print_error(call.error));
      return;
    case Function::alloc:
    case Function::alloc_fast:
    case Function::reserve:
      if (call.is_aside) return;
      return tell("grants", call.granted ? call.lo : 0);
    case Function::find:
      if (call.is_aside) return;
      return tell("finds", call.range ? call.range->lo : call.granted ? call.lo : 0);
    case Function::free_pfn:
    case Function::free_iova:
    case Function::free_fast:
    case Function::queue:
      if (call.range && !call.is_aside) tell("is given", call.range->lo);
      return;
    default: return;
  }
}

void Tracer::add_attempts() {
  auto attempts = shim::attempts();
  trace_.add(attempts.size());
  size_t number = 0;
  for (const shim::Attempt& a : attempts) {
    const bool has_size = traces(ignored::size), has_name = traces(ignored::name),
               has_function = traces(ignored::function);
    const gfp_t gfp = a.gfp & gfp_;
    trace_.add(uint64_t{a.failed} << 8 | uint64_t{gfp} << 16 |
               (has_name ? static_cast<uint64_t>(a.call) : 0));
    if (has_size) trace_.add(a.size);
    if (has_name && a.cache) trace_.add(hash_of_name(a.cache, a.cache));
    if (has_function) trace_.add(hash_of_name(a.site, a.site->function));
    if (!parts_) continue;
    const std::string of = fmt::format(" of the {} allocation", shim::ordinal(number++));
    if (has_function) write("the function" + of, a.site->function);
    if (has_name) {
      write("the call" + of, shim::name(a.call));
      write("the cache" + of, a.cache ? a.cache : "none");
    }
    if (has_size) write("the size" + of, fmt::format("{} bytes", a.size));
    if (traces(ignored::gfp) || traces(ignored::zeroing))
      write("the GFP flags" + of, shim::describe_gfp(gfp));
    write("the outcome" + of, a.failed ? "fails" : "succeeds");
  }
  // Last, since the first differing allocation says more.
  if (parts_) write("the number of allocations", fmt::format("{}", attempts.size()));
}

void Tracer::add(const Snapshot& view) {
  if (parts_) write(view);
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

// Writes everything that is in the hash, part by part.
void Tracer::write(const Snapshot& view) {
  auto tell = [&](const std::string& what, uint64_t value) {
    write(what, fmt::format("{:#x}", value));
  };
  auto flag = [&](const std::string& what, bool value) { write(what, value ? "yes" : "no"); };
  if (views_ & IOVA_VIEW_NODES) {
    size_t number = 0;
    for (const Snapshot::Node& node : view.nodes)
      write(fmt::format("the {} range of the tree", shim::ordinal(number++)),
            node.lo == IOVA_ANCHOR_PFN ? "the anchor" : print_range(node.lo, node.hi));
  }
  if (views_ & IOVA_VIEW_DEPOTS)
    for (const iova_depot_view& depot : view.depots) {
      const size_t bin = static_cast<size_t>(&depot - view.depots);
      tell(fmt::format("the length of depot {}", bin), depot.size);
      flag(fmt::format("the pending state of the work of depot {}", bin), depot.work_pending);
    }
  if (views_ & IOVA_VIEW_MAGAZINES) {
    tell("the number of magazines", view.magazines.size());
    size_t number = 0;
    for (const iova_magazine_view& magazine : view.magazines) {
      std::string place =
          magazine.cpu < 0 ? "in the depot" : fmt::format("of CPU {}", magazine.cpu);
      std::string pfns;
      if (magazine.size <= view.variant->magazine_pfns)
        for (unsigned long pfn : std::span(magazine.pfns, magazine.size))
          pfns += fmt::format(" {:#x}", pfn);
      write(fmt::format("the {} magazine", shim::ordinal(number++)),
            fmt::format("{}{}, bin {}, {} pfns:{}", place, magazine.previous ? ", previous" : "",
                        magazine.bin, magazine.size, pfns));
    }
  }
  if (views_ & IOVA_VIEW_HINT) tell("max32_alloc_size", view.fields.max32_alloc_size);
  if (views_ & IOVA_VIEW_CACHED_NODES) {
    tell("the pfn of cached_node", view.fields.cached_lo);
    tell("the pfn of cached32_node", view.fields.cached32_lo);
  }
  const iova_queue_fields& queue = view.queue;
  if (!queue.exists || !(views_ & IOVA_VIEW_RINGS)) return;
  tell("the count of flushes started", queue.started);
  flag("the flag fq_timer_on", queue.timer_on);
  flag("the pending state of the queue's timer", queue.timer_pending);
  tell("the count of flushes finished", queue.finished);
  size_t number = 0;
  for (const iova_queued_view& entry : view.queued)
    write(fmt::format("the {} entry of the rings", shim::ordinal(number++)),
          fmt::format("{:#x}, {} pages, ring {}, counter {}", entry.pfn, entry.pages, entry.ring,
                      entry.counter));
}

}  // namespace engine
