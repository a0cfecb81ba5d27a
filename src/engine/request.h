// SPDX-License-Identifier: GPL-2.0-only
// What a call asks of the tree.
#pragma once

#include <bit>
#include <cstdint>

#include "engine/history.h"
#include "iova/variant.h"

namespace engine {

// Size in pages, after the fast path's rounding; limit inclusive.
struct Request {
  uint64_t size, limit;
  bool aligned;
  uint64_t lowest = 0;  // pfn, if above the domain's start
};

// What the fast path makes of a size: a power of two where magazines may cache it.
inline uint64_t rounded(const iova_variant& variant, uint64_t size) {
  return size < uint64_t{1} << (variant.bins - 1) ? std::bit_ceil(size) : size;
}

// Of alloc() or alloc_fast(), as the variant understands it.
inline Request request_of(const iova_variant& variant, const Call& call) {
  constexpr uint64_t no_limit = ~uint64_t{0};
  uint64_t limit = variant.takes_any_limit && call.limit == no_limit ? no_limit - 1 : call.limit;
  if (call.function == Function::alloc) return {call.size, limit, call.aligned};
  return {rounded(variant, call.size), limit, true, variant.fast_spares_pfn_0 ? uint64_t{1} : 0};
}

}  // namespace engine
