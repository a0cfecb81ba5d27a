// SPDX-License-Identifier: GPL-2.0-only
// White-box views of an allocator at quiet points, when no call into a domain is under way. What it
// shows nothing of is empty.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/books.h"
#include "engine/history.h"
#include "engine/request.h"
#include "engine/trace.h"
#include "iova/variant.h"

namespace engine {

// One look at a domain. The vectors keep their memory from look to look.
struct Snapshot {
  struct Node {
    uint64_t lo, hi;
  };
  struct CachedPfn {
    uint64_t pfn;
    unsigned bin;
  };

  const iova_variant* variant = nullptr;
  std::vector<Node> nodes;        // the anchor included
  unsigned height = 0;            // of their tree; 0: not told
  std::vector<CachedPfn> cached;  // in order of pfn
  std::vector<iova_magazine_view> magazines;
  Trace contents;  // of the magazines, in their order
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

// Looks, and adds what it saw to the history, for judges and the trace.
class Looker {
 public:
  Looker(History& history, Books& books) : history_(history), books_(books) {}
  void use(const iova_variant& variant) { variant_ = &variant; }

  // At all that there is of every domain.
  void look();
  // Only whether nodes, ranges in use and magazines fit together, as they do whenever no call into
  // the allocator is under way.
  void glance(Domain& domain);

 private:
  History& history_;
  Books& books_;
  const iova_variant* variant_ = nullptr;
  Snapshot snapshot_;
};

inline constexpr unsigned all_views = ~0u;

// The allocator as one that shows nothing of its inside: the contract alone judges it.
inline iova_variant without_views(iova_variant variant) {
  variant.views = 0;
  variant.strict = false;
  return variant;
}

// Whether the views are those of the design that the models know (reference/).
inline bool shows_all_of_models(unsigned views) {
  return (views & IOVA_VIEWS_OF_MODELS) == IOVA_VIEWS_OF_MODELS;
}

// The state of every domain as the allocator itself has it, a line each, for people: of these
// views.
std::string describe_allocator(const iova_variant& variant, std::span<const Domain> domains,
                               unsigned views = all_views);

// By a view of the rings of its queue: how many entries they hold.
size_t queued_in(const iova_variant& variant, const void* domain);

// By a view of its nodes: whether a request fits into the tree as it is now.
bool fits(const iova_variant& variant, const Domain& domain, const Request& request);

}  // namespace engine
