// SPDX-License-Identifier: GPL-2.0-only
#include "engine/reference/model.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <iterator>

#include "engine/oracles.h"

namespace engine {
namespace {

constexpr Model::Node anchor{IOVA_ANCHOR_PFN, IOVA_ANCHOR_PFN};
constexpr uint64_t no_limit = ~uint64_t{0};  // limit + 1 wraps to 0

}  // namespace

void Model::init(const iova_variant& variant, uint64_t start_pfn, uint64_t dma_32bit_pfn) {
  variant_ = &variant;
  start_pfn_ = start_pfn;
  dma_32bit_pfn_ = dma_32bit_pfn;
  clear();
  insert(anchor);
  cached_ = cached32_ = anchor;
  set_hint(dma_32bit_pfn, {});
}

bool Model::asks_hint(const Request& request) const {
  bool is_32bit = request.limit + 1 <= dma_32bit_pfn_;  // also true for ~0, which wraps
  return is_32bit && !variant_->lacks_hint && (request.aligned || !variant_->hint_spares_unaligned);
}

void Model::set_hint(uint64_t hint, const Request& cause) {
  hint_ = hint;
  hint_cause_ = cause;
  hint_outlived_a_free_ = hint_of_missing_pass_ = false;
}

// The node below which the search begins.
const Model::Node& Model::cached_for(const Request& request) const {
  return request.limit + 1 <= dma_32bit_pfn_ ? cached32_ : cached_;
}

const shim::Oracle& Model::explain_refusal(const Request& request) const {
  bool by_hint = asks_hint(request) && request.size >= hint_ && hint_cause_.size == hint_;
  if (request.limit == no_limit || (by_hint && hint_cause_.limit == no_limit))
    return oracle::limit_wraps;
  if (asks_hint(request) && request.size >= hint_ && hint_outlived_a_free_)
    return oracle::hint_not_reset;
  if (by_hint && hint_cause_.limit < request.limit) return oracle::hint_lower_limit;
  if (by_hint && hint_cause_.aligned && !request.aligned) return oracle::hint_aligned;
  if (by_hint && hint_of_missing_pass_) return oracle::second_pass_missing;
  const uint64_t limit = request.limit + 1, above = cached_for(request).hi + 1;
  if (variant_->searches_once && above <= limit && highest_fit(request, above, limit))
    return oracle::second_pass_missing;
  return oracle::spurious_failure;
}

void Model::clear() {
  nodes_.clear();
  spare_.clear();
  taken_ = 0;
}

void Model::insert(Node node) {
  Entry* entry;
  if (!spare_.empty()) {
    entry = spare_.back();
    spare_.pop_back();
  } else {
    entry = taken_ < store_.size() ? &store_[taken_] : &store_.emplace_back();
    taken_++;
  }
  entry->node = node;
  nodes_.insert(*entry);
}

std::vector<Model::Node> Model::nodes() const {
  std::vector<Node> nodes;
  for (const Entry& entry : nodes_) nodes.push_back(entry.node);
  return nodes;
}

// The highest placement of the request in low..high - 1.
std::optional<uint64_t> Model::highest_fit(const Request& request, uint64_t low,
                                           uint64_t high) const {
  uint64_t align_mask = request.aligned ? std::bit_ceil(request.size) - 1 : 0;
  uint64_t gap_end = high;  // exclusive
  for (auto below = nodes_.upper_bound(high);; ++below) {
    bool below_all = below == nodes_.end();
    uint64_t gap_begin = below_all ? low : std::max(low, below->node.hi + 1);
    if (gap_end >= request.size) {
      uint64_t place = (gap_end - request.size) & ~align_mask;
      if (place >= gap_begin && gap_begin < gap_end) return place;
    }
    if (below_all || below->node.lo <= low) return std::nullopt;
    gap_end = below->node.lo;
  }
}

std::optional<uint64_t> Model::allocate(const Request& request) {
  uint64_t limit = request.limit + 1;  // exclusive
  if (asks_hint(request) && request.size >= hint_) return std::nullopt;

  const Node cached = cached_for(request);
  std::optional<uint64_t> place =
      highest_fit(request, std::max(start_pfn_, request.lowest), std::min(limit, cached.lo));
  const uint64_t above = cached.hi + 1;  // wraps to 0 for the anchor
  if (!place && !variant_->searches_once &&
      (cached.hi < limit || (variant_->wraps_second_pass && !above)))
    place = highest_fit(request, above, limit);
  if (!place) {
    bool sets_hint =
        !variant_->hint_from_full_walk_only || (limit == dma_32bit_pfn_ && request.size < hint_);
    if (sets_hint) set_hint(request.size, request);
    hint_of_missing_pass_ = sets_hint && variant_->searches_once && cached.hi < limit &&
                            highest_fit(request, cached.hi + 1, limit);
    return std::nullopt;
  }
  Node node{*place, *place + request.size - 1};
  insert(node);
  (node.hi < dma_32bit_pfn_ ? cached32_ : cached_) = node;
  return place;
}

void Model::remove(uint64_t lo) {
  auto at = nodes_.upper_bound(lo);
  if (at == nodes_.begin() || (--at)->node.lo != lo || at == nodes_.begin()) return;
  const Node gone = at->node, above = std::prev(at)->node;
  bool covers_cached32 = gone.hi < dma_32bit_pfn_ && gone.lo >= cached32_.lo;
  bool moves_cached32 = gone == cached32_ || covers_cached32;
  if (moves_cached32) cached32_ = above;
  if (gone.lo >= cached_.lo) cached_ = above;
  bool resets = gone.lo < dma_32bit_pfn_;
  if (resets && variant_->resets_hint_seldom && !moves_cached32)
    hint_outlived_a_free_ = true;
  else if (resets || (variant_->resets_hint_seldom && moves_cached32))
    set_hint(dma_32bit_pfn_, {});
  spare_.push_back(&*at);
  nodes_.erase(at);
}

void Model::adopt_nodes(const iova_variant& variant, const void* domain) {
  clear();
  variant.each_node(
      domain,
      [](void* self, unsigned long lo, unsigned long hi) {
        static_cast<Model*>(self)->insert({lo, hi});
        return true;
      },
      this);
  // A reservation widens nodes downwards, including cached ones.
  for (Node* cached : {&cached_, &cached32_})
    for (const Entry& entry : nodes_)
      if (entry.node.hi == cached->hi) *cached = entry.node;
}

void Model::adopt(const iova_variant& variant, const void* domain) {
  adopt_nodes(variant, domain);
  iova_fields fields;
  variant.fields(domain, &fields);
  cached_ = {fields.cached_lo, fields.cached_hi};
  cached32_ = {fields.cached32_lo, fields.cached32_hi};
  if (!hint_is(fields)) set_hint(fields.max32_alloc_size, {});  // else its cause stays known
}

std::string Model::wrong_cached_nodes(const iova_fields& fields) const {
  auto differ = [](const char* name, Node found, Node expected) {
    if (found == expected) return std::string();
    return fmt::format("{} is {:#x}..{:#x}, should be {:#x}..{:#x}", name, found.lo, found.hi,
                       expected.lo, expected.hi);
  };
  std::string wrong = differ("cached_node", {fields.cached_lo, fields.cached_hi}, cached_);
  if (!wrong.empty()) return wrong;
  return differ("cached32_node", {fields.cached32_lo, fields.cached32_hi}, cached32_);
}

}  // namespace engine
