// SPDX-License-Identifier: GPL-2.0-only
// White-box views of an allocator, taken when no call into a domain is under way. Views that the
// allocator lacks stay empty.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/books.h"
#include "engine/history.h"
#include "engine/request.h"
#include "engine/trace.h"
#include "iova/variant.h"

namespace engine {

// A snapshot of one domain. The vectors keep their capacity between snapshots.
struct Snapshot {
  struct Node {
    uint64_t lo, hi;
  };
  struct CachedPfn {
    uint64_t pfn;
    unsigned bin;
  };

  const iova_variant* variant = nullptr;
  std::vector<Node> nodes;        // including the anchor
  unsigned height = 0;            // of the tree; 0: unknown
  std::vector<CachedPfn> cached;  // in order of pfn
  std::vector<iova_magazine_view> magazines;
  Trace contents;  // of the magazines, in order
  size_t in_depot[IOVA_MAX_BINS] = {};
  bool magazine_too_full = false;
  uint64_t too_full = 0;
  iova_depot_view depots[IOVA_MAX_BINS] = {};
  iova_fields fields = {};
  iova_queue_fields queue = {};
  std::vector<iova_queued_view> queued;

  void take(const iova_variant& variant, const void* domain);
  bool shows(iova_view view) const { return variant->views & view; }
  uint64_t nodes_hash() const;

 private:
  void add(const iova_magazine_view& view);
};

// Takes snapshots and adds them to the history, for judges and the trace.
class Looker {
 public:
  Looker(History& history, Books& books) : history_(history), books_(books) {}
  void use(const iova_variant& variant) { variant_ = &variant; }

  // Looks at the full state of every domain.
  void look();
  // Looks at one domain and adds a glance: judges check only nodes, live ranges and magazines,
  // which agree whenever no call into the allocator is under way.
  void glance(Domain& domain);

 private:
  History& history_;
  Books& books_;
  const iova_variant* variant_ = nullptr;
  Snapshot snapshot_;
};

inline constexpr unsigned all_views = ~0u;

// Strips the allocator's views, so that the contract alone judges it.
inline iova_variant without_views(iova_variant variant) {
  variant.views = 0;
  variant.strict = false;
  return variant;
}

// Whether the views are those of the design that the models know (reference/).
inline bool shows_all_of_models(unsigned views) {
  return (views & IOVA_VIEWS_OF_MODELS) == IOVA_VIEWS_OF_MODELS;
}

// The iova_view flags of a word in oracles.inc: "nodes"; "all" for those of the models. 0: no view.
unsigned views_named(std::string_view name);

// Describes the allocator's own state of every domain in one line, limited to these views.
std::string describe_allocator(const iova_variant& variant, std::span<const Domain> domains,
                               unsigned views = all_views);

// The number of entries in the rings of the domain's queue. Needs the view of rings.
size_t queued_in(const iova_variant& variant, const void* domain);

// Whether the request fits into the current tree. Needs the view of nodes.
bool fits(const iova_variant& variant, const Domain& domain, const Request& request);

}  // namespace engine
