// SPDX-License-Identifier: GPL-2.0-only
#include "engine/views.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "shim/context.h"

namespace engine {

void Snapshot::take(const iova_variant& v, const void* domain) {
  variant = &v;
  nodes.clear();
  cached.clear();
  magazines.clear();
  contents.clear();
  magazine_too_full = false;
  for (size_t& count : in_depot) count = 0;
  for (iova_depot_view& depot : depots) depot = {};
  fields = {};
  if (v.views) v.fields(domain, &fields);  // a design without views may keep anything there
  queue = {};
  queued.clear();
  if (v.queue && shows(IOVA_VIEW_RINGS)) v.queue->fields(domain, &queue);
  if (queue.exists)
    v.queue->each_queued(
        domain,
        [](void* self, const iova_queued_view* view) {
          static_cast<Snapshot*>(self)->queued.push_back(*view);
        },
        this);
  height = shows(IOVA_VIEW_NODES) && v.height ? v.height(domain) : 0;
  if (shows(IOVA_VIEW_NODES))
    v.each_node(
        domain,
        [](void* self, unsigned long lo, unsigned long hi) {
          static_cast<Snapshot*>(self)->nodes.push_back({lo, hi});
          return true;
        },
        this);
  if (shows(IOVA_VIEW_MAGAZINES))
    v.each_magazine(
        domain,
        [](void* self, const iova_magazine_view* view) {
          static_cast<Snapshot*>(self)->add(*view);
        },
        this);
  if (shows(IOVA_VIEW_DEPOTS))
    v.each_depot(
        domain,
        [](void* self, const iova_depot_view* view) {
          static_cast<Snapshot*>(self)->depots[view->bin] = *view;
        },
        this);
  std::sort(cached.begin(), cached.end(),
            [](const CachedPfn& a, const CachedPfn& b) { return a.pfn < b.pfn; });
}

uint64_t Snapshot::nodes_hash() const {
  Trace trace;
  for (const Node& node : nodes) trace.add(node.lo ^ std::rotl(node.hi, 32));
  return trace.hash();
}

void Snapshot::add(const iova_magazine_view& view) {
  magazines.push_back(view);
  if (view.cpu < 0) in_depot[view.bin]++;
  if (view.size > variant->magazine_pfns) {
    magazine_too_full = true;
    too_full = view.size;
    return;
  }
  contents.add(view.bin | uint64_t{view.previous} << 8 | uint64_t(view.cpu + 1) << 16 |
               view.size << 32);
  for (unsigned long i = 0; i < view.size; i++) {
    cached.push_back({view.pfns[i], view.bin});
    contents.add(view.pfns[i]);
  }
}

void Looker::look() {
  shim::Unscheduled looking;
  for (Domain& domain : books_.domains()) {
    if (!domain.memory) continue;
    snapshot_.take(*variant_, domain.memory);
    history_.add({.kind = Kind::look, .domain = &domain, .view = &snapshot_});
  }
  history_.add({.kind = Kind::looked});
}

void Looker::glance(Domain& domain) {
  shim::Unscheduled looking;
  snapshot_.take(*variant_, domain.memory);
  history_.add({.kind = Kind::glance, .domain = &domain, .view = &snapshot_});
}

namespace {

std::string describe(const Snapshot& s, unsigned views) {
  std::string text;
  auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (views & IOVA_VIEW_NODES)
    add(fmt::format("{} nodes {:08x}", s.nodes.size(), static_cast<uint32_t>(s.nodes_hash())));
  if (views & IOVA_VIEW_MAGAZINES)
    add(fmt::format("{} magazines with {} pfns {:08x}", s.magazines.size(), s.cached.size(),
                    static_cast<uint32_t>(s.contents.hash())));
  if (views & IOVA_VIEW_DEPOTS) {
    add("depots");
    for (const iova_depot_view& depot : std::span(s.depots).first(s.variant->bins))
      text += fmt::format(" {}{}", depot.size, depot.work_pending ? "+work" : "");
  }
  if (views & IOVA_VIEW_HINT && !s.variant->lacks_hint)
    add(fmt::format("max32_alloc_size {:#x}", s.fields.max32_alloc_size));
  if (views & IOVA_VIEW_CACHED_NODES)
    add(fmt::format("cached_node {:#x}, cached32_node {:#x}", s.fields.cached_lo,
                    s.fields.cached32_lo));
  if (views & IOVA_VIEW_RINGS && s.queue.exists)
    add(fmt::format("{} queued, {} flushes started, {} finished{}", s.queued.size(),
                    s.queue.started, s.queue.finished,
                    s.queue.timer_pending ? ", timer armed" : ""));
  return text;
}

}  // namespace

std::string describe_allocator(const iova_variant& variant, std::span<const Domain> domains,
                               unsigned views) {
  std::string text;
  for (const Domain& domain : domains) {
    if (!domain.memory) continue;
    Snapshot s;
    s.take(variant, domain.memory);
    std::string shown = describe(s, variant.views & views);
    if (!shown.empty())
      text += fmt::format("{}domain {}: {}", text.empty() ? "" : "; ", domain.number, shown);
  }
  return text;
}

size_t queued_in(const iova_variant& variant, const void* domain) {
  size_t queued = 0;
  variant.queue->each_queued(
      domain, [](void* count, const iova_queued_view*) { ++*static_cast<size_t*>(count); },
      &queued);
  return queued;
}

bool fits(const iova_variant& variant, const Domain& domain, const Request& request) {
  struct Search {
    PlacementSearch placement;
    bool found;
  } search{PlacementSearch(domain, request), false};
  if (!search.placement.is_open()) return false;
  variant.each_node(
      domain.memory,
      [](void* context, unsigned long lo, unsigned long hi) {
        Search& s = *static_cast<Search*>(context);
        s.found = s.placement.fits_below(lo);
        s.placement.skip(hi);
        return !s.found && s.placement.is_open();
      },
      &search);
  return search.found;
}

unsigned views_named(std::string_view name) {
  constexpr std::pair<std::string_view, unsigned> names[] = {
      {"all", IOVA_VIEWS_OF_MODELS},
      {"nodes", IOVA_VIEW_NODES},
      {"cached-nodes", IOVA_VIEW_CACHED_NODES},
      {"hint", IOVA_VIEW_HINT},
      {"magazines", IOVA_VIEW_MAGAZINES},
      {"depots", IOVA_VIEW_DEPOTS},
      {"rings", IOVA_VIEW_RINGS},
  };
  for (const auto& [known, views] : names)
    if (known == name) return views;
  return 0;
}

}  // namespace engine
