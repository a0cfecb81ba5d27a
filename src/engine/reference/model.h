// SPDX-License-Identifier: GPL-2.0-only
// Reference model of a domain's tree: its nodes, the placement of the next request, and the values
// of cached_node, cached32_node and max32_alloc_size. It uses sorted ranges and linear scans, no
// tree walk. It replays each event; the engine compares the results.
//
// Models the allocator of v4.15 and later, with the quirks of max32_alloc_size that the variant
// has. A separate model has the ranges that magazines cache (rcache_model.h).
#pragma once

#include <boost/intrusive/set.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/request.h"
#include "iova/variant.h"
#include "shim/finding.h"

namespace engine {

class Model {
 public:
  struct Node {
    uint64_t lo, hi;
    bool operator==(const Node&) const = default;
  };

  // The state of a freshly initialized domain.
  void init(const iova_variant& variant, uint64_t start_pfn, uint64_t dma_32bit_pfn);

  // The result of a request to the tree: its first pfn, or nothing if refused.
  std::optional<uint64_t> allocate(const Request& request);
  // For a refused request that fits: the known quirk of the hint that explains it, or
  // spurious_failure. Valid after allocate().
  const shim::Oracle& explain_refusal(const Request& request) const;
  const Request& hint_cause() const { return hint_cause_; }  // size 0: unknown
  uint64_t begin_of_search(const Request& request) const { return cached_for(request).lo; }
  // Returns a range to the tree. Does nothing if no node starts at lo.
  void remove(uint64_t lo);
  // adopt_nodes() copies the allocator's nodes after a reservation, adopt() all of its state.
  void adopt_nodes(const iova_variant& variant, const void* domain);
  void adopt(const iova_variant& variant, const void* domain);

  // The first wrong cached node, or "".
  std::string wrong_cached_nodes(const iova_fields& fields) const;
  bool hint_is(const iova_fields& fields) const {
    return variant_->lacks_hint || fields.max32_alloc_size == hint_;
  }
  uint64_t hint() const { return hint_; }
  const Node& cached() const { return cached_; }
  const Node& cached32() const { return cached32_; }
  // All nodes, the highest first.
  std::vector<Node> nodes() const;
  size_t size() const { return nodes_.size(); }

 private:
  bool asks_hint(const Request& request) const;
  const Node& cached_for(const Request& request) const;
  void set_hint(uint64_t hint, const Request& cause);
  std::optional<uint64_t> highest_fit(const Request& request, uint64_t low, uint64_t high) const;

  struct Entry {
    Node node;
    intrusive::set_member_hook<NormalLink> hook;
  };
  struct ByLo {
    using type = uint64_t;
    type operator()(const Entry& entry) const { return entry.node.lo; }
  };
  // Descending, since requests go top-down; the anchor is first. An adopted tree may have two nodes
  // with the same lo.
  using Nodes =
      intrusive::multiset<Entry, intrusive::member_hook<Entry, decltype(Entry::hook), &Entry::hook>,
                          intrusive::key_of_value<ByLo>, intrusive::compare<std::greater<uint64_t>>,
                          intrusive::constant_time_size<true>>;
  void clear();
  void insert(Node node);

  const iova_variant* variant_ = nullptr;
  uint64_t start_pfn_ = 0, dma_32bit_pfn_ = 0;
  Nodes nodes_;
  // All entries ever created, for reuse.
  std::deque<Entry> store_;
  size_t taken_ = 0;
  std::vector<Entry*> spare_;
  Node cached_{}, cached32_{};
  uint64_t hint_ = 0;
  Request hint_cause_{};               // the request that last set the hint
  bool hint_outlived_a_free_ = false;  // a free that should have reset the hint did not
  bool hint_of_missing_pass_ = false;  // only the lack of a second pass set the hint
};

}  // namespace engine
