// SPDX-License-Identifier: GPL-2.0-only
// A request to the tree.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "engine/domain.h"
#include "engine/history.h"
#include "iova/variant.h"

namespace engine {

// size: pages, after the fast path's rounding; limit: inclusive.
struct Request {
  uint64_t size, limit;
  bool aligned;
  uint64_t lowest = 0;  // pfn, if above the domain's start
};

// The size that the fast path requests: rounded up to a power of two if magazines may cache it.
inline uint64_t rounded(const iova_variant& variant, uint64_t size) {
  return size < uint64_t{1} << (variant.bins - 1) ? std::bit_ceil(size) : size;
}

// The pages of a fast range that its caller owns. Known releases round up visibly in their nodes.
// Another design may or may not: pages beyond the requested size have no owner and may not be free.
inline uint64_t owned_size(const iova_variant& variant, uint64_t size) {
  constexpr unsigned rounding = IOVA_VIEW_NODES | IOVA_VIEW_MAGAZINES;
  const bool rounds = variant.strict && (variant.views & rounding) == rounding;
  return rounds ? rounded(variant, size) : size;
}

// The request of alloc() or alloc_fast(), as the variant interprets it.
inline Request request_of(const iova_variant& variant, const Call& call) {
  constexpr uint64_t no_limit = ~uint64_t{0};
  uint64_t limit = variant.takes_any_limit && call.limit == no_limit ? no_limit - 1 : call.limit;
  if (call.function == Function::alloc) return {call.size, limit, call.aligned};
  return {rounded(variant, call.size), limit, true, variant.fast_spares_pfn_0 ? uint64_t{1} : 0};
}

// Candidate placements of a request, searched from the lowest pfn up between taken pages.
class PlacementSearch {
 public:
  PlacementSearch(const Domain& domain, const Request& request)
      : next_(std::max(domain.start_pfn, request.lowest)),
        limit_(std::min(request.limit, uint64_t{IOVA_ANCHOR_PFN} - 1)), size_(request.size),
        is_open_(!request.aligned || request.size <= uint64_t{1} << 63),
        mask_(request.aligned && is_open_ ? std::bit_ceil(request.size) - 1 : 0) {}

  bool is_open() const { return is_open_ && next_ <= limit_; }
  // Whether the request fits between the skipped pages and `taken`, the next taken page.
  bool fits_below(uint64_t taken) const {
    uint64_t place = (next_ + mask_) & ~mask_, last = place + size_ - 1;
    return place >= next_ && last >= place && last < taken && last <= limit_;
  }
  // The number of disjoint placements there.
  uint64_t count_below(uint64_t taken) const {
    if (!fits_below(taken)) return 0;
    const uint64_t first_end = ((next_ + mask_) & ~mask_) + size_ - 1;
    return 1 + (std::min(taken - 1, limit_) - first_end) / std::max(size_, mask_ + 1);
  }
  // Skips pages up to and including hi.
  void skip(uint64_t hi) {
    if (hi == ~uint64_t{0}) is_open_ = false;
    // Fragments of reservations may lie below the start.
    if (hi >= next_) next_ = hi + 1;
  }

 private:
  uint64_t next_, limit_, size_;
  bool is_open_;
  uint64_t mask_;
};

}  // namespace engine
