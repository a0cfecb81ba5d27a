// SPDX-License-Identifier: GPL-2.0-only
// Judges the state of a domain between calls: the tree is ordered, magazines hold valid pfns, every
// node is owned, cached or reserved, and every owned, cached or reserved range has a node. A breach
// means a page that is granted twice, or never again.
#include <fmt/core.h>

#include <bit>
#include <utility>

#include "engine/contract/views/judges.h"

namespace engine::contract {

void Structure::begin() {
  for (std::vector<Unowned>& nodes : unowned_) nodes.clear();
  reserved_lost_ = {};
  too_deep_ = all_is_free_ = {};
}

void Structure::hear(const Event& event) {
  if (shows(IOVA_VIEW_NODES)) {
    check_tree(*event.view);
    check_balance(*event.view, *event.domain);
  }
  if (event.kind == Kind::look && shows(IOVA_VIEW_MAGAZINES)) check_magazines(*event.view);
  if (event.kind == Kind::look && shows(IOVA_VIEW_DEPOTS)) check_depots(*event.view);
  // Needs the view of magazines to know what is cached.
  if (shows(IOVA_VIEW_NODES) && shows(IOVA_VIEW_MAGAZINES))
    check_owners(*event.view, *event.domain);
}

void Structure::check_tree(const Snapshot& view) const {
  const std::vector<Snapshot::Node>& nodes = view.nodes;
  if (nodes.empty() || nodes.back().lo != IOVA_ANCHOR_PFN || nodes.back().hi != IOVA_ANCHOR_PFN)
    raise(oracle::tree_anchor, fmt::format("{} nodes", nodes.size()));
  for (size_t i = 0; i < nodes.size(); i++) {
    const Snapshot::Node& node = nodes[i];
    if (node.lo > node.hi || (i && nodes[i - 1].hi >= node.lo))
      return raise(oracle::tree_order,
                   fmt::format("node {:#x}..{:#x} after {:#x}..{:#x}", node.lo, node.hi,
                               i ? nodes[i - 1].lo : 0, i ? nodes[i - 1].hi : 0));
  }
}

void Structure::check_magazines(const Snapshot& view) const {
  if (view.magazine_too_full)
    return raise(oracle::magazine_size,
                 fmt::format("{} pfns, capacity {}", view.too_full, view.variant->magazine_pfns));
  const std::vector<Snapshot::CachedPfn>& cached = view.cached;
  for (size_t i = 1; i < cached.size(); i++)
    if (cached[i].pfn == cached[i - 1].pfn)
      return raise(oracle::magazine_duplicate,
                   fmt::format("pfn {:#x} in bins {} and {}", cached[i].pfn, cached[i - 1].bin,
                               cached[i].bin));
}

// The depth limit of a red-black tree, since every lookup walks down it.
void Structure::check_balance(const Snapshot& view, const Domain& domain) {
  const size_t nodes = view.nodes.size();
  const bool is_too_deep = view.height > 2 * static_cast<unsigned>(std::bit_width(nodes));
  if (!std::exchange(too_deep_[domain.number], is_too_deep) && is_too_deep)
    raise(oracle::tree_unbalanced, fmt::format("{} nodes, height {}", nodes, view.height));
}

void Structure::check_depots(const Snapshot& view) const {
  for (unsigned bin = 0; bin < view.variant->bins; bin++) {
    const iova_depot_view& depot = view.depots[bin];
    if (depot.size != view.in_depot[bin])
      return raise(oracle::depot_count, fmt::format("bin {}: depot_size {}, {} magazines", bin,
                                                    depot.size, view.in_depot[bin]));
  }
}

const Structure::Unowned* Structure::unowned(const Domain& domain) const {
  const std::vector<Unowned>& nodes = unowned_[domain.number];
  return nodes.empty() ? nullptr : &nodes.back();
}

// Walks nodes, live ranges and cached pfns in parallel, all in order of address.
void Structure::check_owners(const Snapshot& view, const Domain& domain) {
  auto live = domain.live.begin();
  auto cached = view.cached.begin();
  uint64_t reserved_pages = 0;
  uint64_t free_from = 0;
  all_is_free_[domain.number] = false;
  std::vector<Unowned>& unowned = unowned_[domain.number];
  unowned_before_.swap(unowned);
  unowned.clear();
  auto before = unowned_before_.begin();
  for (const Snapshot::Node& node : view.nodes) {
    if (live != domain.live.end() && live->lo < node.lo) return raise_missing(*live);
    if (cached != view.cached.end() && cached->pfn < node.lo) return raise_stray(*cached, nullptr);
    if (node.lo == IOVA_ANCHOR_PFN) break;
    if (live != domain.live.end() && live->lo == node.lo) {
      // Another design's node may be larger than what its owner asked for.
      const bool is_covered = variant().strict ? live->hi == node.hi : live->hi <= node.hi;
      if (!is_covered) return raise_missing(*live);
      if (cached != view.cached.end() && cached->pfn == node.lo) return raise_stray(*cached, &node);
      ++live;
    } else if (cached != view.cached.end() && cached->pfn == node.lo) {
      uint64_t pages = node.hi - node.lo + 1;
      if (static_cast<unsigned>(std::bit_width(pages - 1)) != cached->bin)
        return raise_stray(*cached, &node);
      ++cached;
    } else if (domain.reserved.contains(node.lo, node.hi)) {
      reserved_pages += node.hi - node.lo + 1;
    } else {
      // Nodes from the previous look were already reported.
      while (before != unowned_before_.end() && before->lo < node.lo) ++before;
      bool is_told = before != unowned_before_.end() && before->lo == node.lo;
      unowned.push_back({node.lo, node.hi, free_from});
      if (!is_told)
        raise(oracle::node_unaccounted,
              fmt::format("node {:#x}..{:#x} is neither in use, cached nor reserved", node.lo,
                          node.hi));
      continue;
    }
    free_from = node.hi + 1;
  }
  all_is_free_[domain.number] = unowned.empty() && view.cached.empty();
  // Reported when it happens, not at every later look.
  const uint64_t lost = domain.reserved.pages() - reserved_pages;
  if (std::exchange(reserved_lost_[domain.number], lost) != lost && lost)
    raise(oracle::reserve_lost, fmt::format("{} of {} reserved pages are in the tree",
                                            reserved_pages, domain.reserved.pages()));
}

void Structure::raise_missing(const Range& range) const {
  raise(oracle::node_missing, fmt::format("range {:#x}..{:#x} in use", range.lo, range.hi));
}

void Structure::raise_stray(const Snapshot::CachedPfn& cached, const Snapshot::Node* node) const {
  std::string what = node ? fmt::format("node {:#x}..{:#x}", node->lo, node->hi) : "no node";
  raise(oracle::magazine_stray,
        fmt::format("pfn {:#x} in bin {}: {}", cached.pfn, cached.bin, what));
}

}  // namespace engine::contract
