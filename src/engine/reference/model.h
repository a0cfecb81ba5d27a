// SPDX-License-Identifier: GPL-2.0-only
// The reference for the tree of a domain: which nodes it must have, where the next request must be
// placed, what cached_node, cached32_node and max32_alloc_size must be. Sorted ranges and linear
// scans, no walk of a tree. It is told what happened and does the same; the engine compares.
//
// The allocator of v4.15 and later, with the quirks of max32_alloc_size that a variant has. Which
// ranges are cached in magazines is modelled beside it (rcache_model.h).
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

  // Of a domain just initialized.
  void init(const iova_variant& variant, uint64_t start_pfn, uint64_t dma_32bit_pfn);

  // What a request to the tree comes to: the first pfn, or nothing if it is refused.
  std::optional<uint64_t> allocate(const Request& request);
  // Of a request that fits and was refused: the known quirk of the hint that explains it, or
  // spurious_failure. To be asked after allocate().
  const shim::Oracle& explain_refusal(const Request& request) const;
  const Request& hint_cause() const { return hint_cause_; }  // size 0 if nobody knows
  uint64_t begin_of_search(const Request& request) const { return cached_for(request).lo; }
  // A range returns to the tree. Nothing if there is no node that starts at lo.
  void remove(uint64_t lo);
  // Takes over the allocator's nodes after a reservation, or all of its state.
  void adopt_nodes(const iova_variant& variant, const void* domain);
  void adopt(const iova_variant& variant, const void* domain);

  // What differs in the allocator's fields, or "".
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
  // From high to low, since requests go top-down; the anchor is first. An allocator that is taken
  // over may have two of one lo.
  using Nodes =
      intrusive::multiset<Entry, intrusive::member_hook<Entry, decltype(Entry::hook), &Entry::hook>,
                          intrusive::key_of_value<ByLo>, intrusive::compare<std::greater<uint64_t>>,
                          intrusive::constant_time_size<true>>;
  void clear();
  void insert(Node node);

  const iova_variant* variant_ = nullptr;
  uint64_t start_pfn_ = 0, dma_32bit_pfn_ = 0;
  Nodes nodes_;
  // All that ever were, for use again.
  std::deque<Entry> store_;
  size_t taken_ = 0;
  std::vector<Entry*> spare_;
  Node cached_{}, cached32_{};
  uint64_t hint_ = 0;
  Request hint_cause_{};               // the request that set it last
  bool hint_outlived_a_free_ = false;  // that should have reset it
  bool hint_of_missing_pass_ = false;  // the request that set it was refused for lack of one
};

}  // namespace engine
