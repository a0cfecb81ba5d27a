// SPDX-License-Identifier: GPL-2.0-only
#include "engine/invariants.h"

#include <algorithm>
#include <bit>

#include "engine/oracles.h"
#include "shim/cpu.h"
#include "shim/object.h"

namespace engine {
namespace {

struct Node {
  uint64_t lo, hi;
};

struct CachedPfn {
  uint64_t pfn;
  unsigned bin;
};

// One look at a domain. The vectors keep their memory from look to look.
struct Snapshot {
  const iova_variant* variant;
  std::vector<Node> nodes;  // the anchor included
  std::vector<CachedPfn> cached;
  std::vector<iova_magazine_view> magazines;
  Trace contents;  // of the magazines, in their order
  size_t in_depot[IOVA_BINS] = {};
  bool magazine_too_full = false;
  uint64_t too_full = 0;
  iova_depot_view depots[IOVA_BINS] = {};
  iova_fields fields = {};
  iova_queue_fields queue = {};
  std::vector<iova_queued_view> queued;

  void take(const iova_variant& v, const void* domain) {
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
        [](void* self, const iova_magazine_view* view) {
          static_cast<Snapshot*>(self)->add(*view);
        },
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

  uint64_t nodes_hash() const {
    Trace trace;
    for (const Node& node : nodes) trace.add(node.lo ^ std::rotl(node.hi, 32));
    return trace.hash();
  }

 private:
  void add(const iova_magazine_view& view) {
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
};

class Checker {
 public:
  Checker(const Snapshot& snapshot, Domain& domain, const char* function)
      : s_(snapshot), domain_(domain), function_(function) {}

  void check() {
    check_tree();
    check_magazines();
    check_owners();
    check_model();
    check_queue();
  }
  void check_ranges() {
    check_tree();
    check_owners();
    std::string contents = domain_.rcache.wrong_contents(s_.magazines);
    if (!contents.empty()) raise(oracle::rcache_contents, std::move(contents));
  }

 private:
  void raise(const shim::Oracle& oracle, std::string values) const {
    shim::raise(shim::Finding{&oracle, function_, "", std::move(values), nullptr});
  }

  void check_tree() {
    if (s_.nodes.empty() || s_.nodes.back().lo != IOVA_ANCHOR_PFN ||
        s_.nodes.back().hi != IOVA_ANCHOR_PFN)
      return raise(oracle::tree_anchor, fmt::format("{} nodes", s_.nodes.size()));
    for (size_t i = 0; i < s_.nodes.size(); i++) {
      const Node& node = s_.nodes[i];
      if (node.lo > node.hi || (i && s_.nodes[i - 1].hi >= node.lo))
        return raise(oracle::tree_order,
                     fmt::format("node {:#x}..{:#x} after {:#x}..{:#x}", node.lo, node.hi,
                                 i ? s_.nodes[i - 1].lo : 0, i ? s_.nodes[i - 1].hi : 0));
    }
  }

  void check_magazines() {
    if (s_.magazine_too_full)
      return raise(oracle::magazine_size, fmt::format("size {} of {}", s_.too_full,
                                                      s_.variant->magazine_pfns));
    for (size_t i = 1; i < s_.cached.size(); i++)
      if (s_.cached[i].pfn == s_.cached[i - 1].pfn)
        return raise(oracle::magazine_duplicate,
                     fmt::format("pfn {:#x} in bins {} and {}", s_.cached[i].pfn,
                                 s_.cached[i - 1].bin, s_.cached[i].bin));
    for (unsigned bin = 0; bin < IOVA_BINS; bin++) {
      const iova_depot_view& depot = s_.depots[bin];
      if (depot.size != s_.in_depot[bin])
        return raise(oracle::depot_count, fmt::format("bin {}: depot_size {}, {} magazines", bin,
                                                      depot.size, s_.in_depot[bin]));
    }
  }

  // Walks nodes, live ranges and cached pfns side by side, all in order of address.
  void check_owners() {
    auto live = domain_.live.begin();
    auto cached = s_.cached.begin();
    uint64_t reserved_pages = 0;
    for (const Node& node : s_.nodes) {
      if (live != domain_.live.end() && live->lo < node.lo) return missing(*live);
      if (cached != s_.cached.end() && cached->pfn < node.lo) return stray(*cached, nullptr);
      if (node.lo == IOVA_ANCHOR_PFN) break;
      if (live != domain_.live.end() && live->lo == node.lo) {
        if (live->hi != node.hi) return missing(*live);
        if (cached != s_.cached.end() && cached->pfn == node.lo) return stray(*cached, &node);
        ++live;
      } else if (cached != s_.cached.end() && cached->pfn == node.lo) {
        uint64_t pages = node.hi - node.lo + 1;
        if (static_cast<unsigned>(std::bit_width(pages - 1)) != cached->bin)
          return stray(*cached, &node);
        ++cached;
      } else if (domain_.reserved.contains(node.lo, node.hi)) {
        reserved_pages += node.hi - node.lo + 1;
      } else {
        return raise(oracle::node_unaccounted,
                     fmt::format("node {:#x}..{:#x} is neither in use, cached nor reserved",
                                 node.lo, node.hi));
      }
    }
    if (reserved_pages != domain_.reserved.pages())
      raise(oracle::reserve_lost, fmt::format("{} of {} reserved pages are in the tree",
                                              reserved_pages, domain_.reserved.pages()));
  }

  // What is queued is in the rings once, but for what a slow flush keeps from there.
  void check_queue() {
    if (!domain_.has_queue) return;
    for (const iova_queued_view& entry : s_.queued) {
      auto range = domain_.live.find(entry.pfn);
      if (range == domain_.live.end() || range->kind != RangeKind::queued)
        return raise(oracle::queue_lost,
                     fmt::format("pfn {:#x} in ring {} was not queued", entry.pfn, entry.ring));
    }
    size_t expected = domain_.queued.size() - domain_.unmaps_under_way;
    if (s_.queued.size() != expected)
      raise(oracle::queue_lost,
            fmt::format("{} ranges in the rings, expected {}", s_.queued.size(), expected));
  }

  void check_model() {
    std::string contents = domain_.rcache.wrong_contents(s_.magazines);
    std::string work = domain_.rcache.wrong_work(s_.depots);
    if (contents.empty() && work.empty()) return;
    if (!contents.empty()) raise(oracle::rcache_contents, std::move(contents));
    if (!work.empty()) raise(oracle::depot_work_wrong, std::move(work));
    domain_.rcache.adopt(*s_.variant, domain_.memory);
  }

  void missing(const Range& range) const {
    raise(oracle::node_missing, fmt::format("range {:#x}..{:#x} in use", range.lo, range.hi));
  }

  void stray(const CachedPfn& cached, const Node* node) const {
    std::string what = node ? fmt::format("node {:#x}..{:#x}", node->lo, node->hi) : "no node";
    raise(oracle::magazine_stray,
          fmt::format("pfn {:#x} in bin {}: {}", cached.pfn, cached.bin, what));
  }

  const Snapshot& s_;
  Domain& domain_;
  const char* function_;
};

void add_to_trace(const Snapshot& snapshot, Trace& trace) {
  trace.add(snapshot.nodes_hash());
  for (const iova_depot_view& depot : snapshot.depots)
    trace.add(depot.size << 1 | depot.work_pending);
  trace.add(snapshot.magazines.size());
  trace.add(snapshot.contents.hash());
  trace.add(snapshot.fields.max32_alloc_size);
  trace.add(snapshot.fields.cached_lo);
  trace.add(snapshot.fields.cached32_lo);
  const iova_queue_fields& queue = snapshot.queue;
  if (!queue.exists) return;
  trace.add(queue.started << 2 | uint64_t{queue.timer_on} << 1 | queue.timer_pending);
  trace.add(queue.finished);
  for (const iova_queued_view& entry : snapshot.queued) {
    trace.add(entry.pfn);
    trace.add(entry.pages << 32 | uint64_t{entry.ring} << 24);
    trace.add(entry.counter);
  }
}

}  // namespace

std::span<const shim::Oracle* const> oracles() {
  static constexpr const shim::Oracle* all[] = {
#define ORACLE(identifier, id, rule, recoverable, severity) &oracle::identifier,
#include "engine/oracles.inc"
#undef ORACLE
  };
  return all;
}

void check_ranges(const iova_variant& variant, Domain& domain, const char* function) {
  static Snapshot snapshot;
  snapshot.take(variant, domain.memory);
  Checker(snapshot, domain, function).check_ranges();
}

void check_invariants(const iova_variant& variant, std::span<Domain> domains,
                      const char* function, Trace& trace) {
  static Snapshot snapshot;
  size_t expected = 0;
  for (Domain& domain : domains) {
    if (!domain.memory) continue;
    snapshot.take(variant, domain.memory);
    Checker(snapshot, domain, function).check();
    add_to_trace(snapshot, trace);
    // The domain itself, its nodes but the anchor, its magazines, its array of rcaches.
    expected += 1 + (snapshot.nodes.size() - 1) + snapshot.magazines.size() +
                (snapshot.fields.has_rcaches && !variant.embeds_rcaches);
  }
  size_t found = shim::live_slab_objects();
  if (found != expected)
    shim::raise(shim::Finding{&oracle::object_count, function, "",
                              fmt::format("{} slab objects, expected {}", found, expected),
                              nullptr});
}

std::string describe_allocator(const iova_variant& variant, std::span<const Domain> domains) {
  std::string text;
  for (const Domain& domain : domains) {
    if (!domain.memory) continue;
    Snapshot s;
    s.take(variant, domain.memory);
    std::string depots;
    for (const iova_depot_view& depot : s.depots)
      depots += fmt::format(" {}{}", depot.size, depot.work_pending ? "+work" : "");
    text += fmt::format(
        "{}domain {}: {} nodes {:08x}, {} magazines with {} pfns {:08x}, depots{}, "
        "max32_alloc_size {:#x}, cached_node {:#x}, cached32_node {:#x}{}",
        text.empty() ? "" : "; ", &domain - domains.data(), s.nodes.size(),
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
