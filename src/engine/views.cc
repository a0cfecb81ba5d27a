// SPDX-License-Identifier: GPL-2.0-only
#include "engine/views.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

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
  v.fields(domain, &fields);
  queue = {};
  queued.clear();
  if (v.queue) v.queue->fields(domain, &queue);
  if (queue.exists)
    v.queue->each_queued(
        domain,
        [](void* self, const iova_queued_view* view) {
          static_cast<Snapshot*>(self)->queued.push_back(*view);
        },
        this);
  v.each_node(
      domain,
      [](void* self, unsigned long lo, unsigned long hi) {
        static_cast<Snapshot*>(self)->nodes.push_back({lo, hi});
        return true;
      },
      this);
  v.each_magazine(
      domain,
      [](void* self, const iova_magazine_view* view) { static_cast<Snapshot*>(self)->add(*view); },
      this);
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
  for (Domain& domain : books_.domains()) {
    if (!domain.memory) continue;
    snapshot_.take(*variant_, domain.memory);
    history_.add({.kind = Kind::look, .domain = &domain, .view = &snapshot_});
  }
  history_.add({.kind = Kind::looked});
}

void Looker::glance(Domain& domain) {
  snapshot_.take(*variant_, domain.memory);
  history_.add({.kind = Kind::glance, .domain = &domain, .view = &snapshot_});
}

std::string describe_allocator(const iova_variant& variant, std::span<const Domain> domains) {
  std::string text;
  for (const Domain& domain : domains) {
    if (!domain.memory) continue;
    Snapshot s;
    s.take(variant, domain.memory);
    std::string depots;
    for (const iova_depot_view& depot : std::span(s.depots).first(variant.bins))
      depots += fmt::format(" {}{}", depot.size, depot.work_pending ? "+work" : "");
    text +=
        fmt::format("{}domain {}: {} nodes {:08x}, {} magazines with {} pfns {:08x}, depots{}, "
                    "max32_alloc_size {:#x}, cached_node {:#x}, cached32_node {:#x}{}",
                    text.empty() ? "" : "; ", domain.number, s.nodes.size(),
                    static_cast<uint32_t>(s.nodes_hash()), s.magazines.size(), s.cached.size(),
                    static_cast<uint32_t>(s.contents.hash()), depots, s.fields.max32_alloc_size,
                    s.fields.cached_lo, s.fields.cached32_lo,
                    s.queue.exists ? fmt::format(", {} queued, {} flushes started, {} finished{}",
                                                 s.queued.size(), s.queue.started, s.queue.finished,
                                                 s.queue.timer_pending ? ", timer armed" : "")
                                   : "");
  }
  return text;
}

bool fits(const iova_variant& variant, const Domain& domain, uint64_t size, uint64_t limit_pfn,
          bool aligned, uint64_t lowest_pfn) {
  if (aligned && size > uint64_t{1} << 63) return false;
  struct Search {
    uint64_t next, limit, size, align_mask;
    bool found;
  } search{std::max(domain.start_pfn, lowest_pfn), limit_pfn, size,
           aligned ? std::bit_ceil(size) - 1 : 0, false};
  variant.each_node(
      domain.memory,
      [](void* context, unsigned long lo, unsigned long hi) {
        Search& s = *static_cast<Search*>(context);
        uint64_t place = (s.next + s.align_mask) & ~s.align_mask;
        uint64_t last = place + s.size - 1;
        bool wrapped = place < s.next || last < place;
        s.found = !wrapped && last < lo && last <= s.limit;
        // Fragments of reservations may lie below the start.
        if (hi >= s.next) s.next = hi + 1;
        return !s.found && s.next <= s.limit && hi != IOVA_ANCHOR_PFN;
      },
      &search);
  return search.found;
}

}  // namespace engine
