// SPDX-License-Identifier: GPL-2.0-only
#include "engine/domain.h"

#include <algorithm>

namespace engine {

void PageSet::add(uint64_t lo, uint64_t hi) {
  std::vector<Interval> result;
  for (const Interval& interval : intervals_) {
    bool apart = interval.hi < lo || interval.lo > hi;
    if (apart) {
      result.push_back(interval);
    } else {
      lo = std::min(lo, interval.lo);
      hi = std::max(hi, interval.hi);
    }
  }
  result.push_back({lo, hi});
  std::sort(result.begin(), result.end(),
            [](const Interval& a, const Interval& b) { return a.lo < b.lo; });
  intervals_ = std::move(result);
}

void PageSet::remove(uint64_t lo, uint64_t hi) {
  std::vector<Interval> result;
  for (const Interval& interval : intervals_) {
    if (interval.hi < lo || interval.lo > hi) {
      result.push_back(interval);
      continue;
    }
    if (interval.lo < lo) result.push_back({interval.lo, lo - 1});
    if (interval.hi > hi) result.push_back({hi + 1, interval.hi});
  }
  intervals_ = std::move(result);
}

bool PageSet::contains(uint64_t lo, uint64_t hi) const {
  // Adjacent intervals are kept apart.
  for (const Interval& interval : intervals_) {
    if (lo < interval.lo) return false;
    if (lo > interval.hi) continue;
    if (hi <= interval.hi) return true;
    lo = interval.hi + 1;
  }
  return false;
}

bool PageSet::intersects(uint64_t lo, uint64_t hi) const {
  return std::any_of(intervals_.begin(), intervals_.end(), [&](const Interval& interval) {
    return lo <= interval.hi && hi >= interval.lo;
  });
}

uint64_t PageSet::pages() const {
  uint64_t sum = 0;
  for (const Interval& interval : intervals_) sum += interval.hi - interval.lo + 1;
  return sum;
}

uint64_t PageSet::run_end(uint64_t page) const {
  for (const Interval& interval : intervals_) {
    if (page < interval.lo) break;
    if (page > interval.hi) continue;
    if (interval.hi == ~uint64_t{0}) return interval.hi;
    page = interval.hi + 1;
  }
  return page - 1;
}

bool PageSet::covers_the_same(const PageSet& other) const {
  return pages() == other.pages() &&
         std::all_of(intervals_.begin(), intervals_.end(), [&](const Interval& interval) {
           return other.contains(interval.lo, interval.hi);
         });
}

void PerhapsCached::clear() {
  said_.clear();
  ranges_.clear();
}

const LiveRanges& PerhapsCached::ranges() const {
  for (const auto& [range, is_granted] : said_)
    if (is_granted)
      cut(range->lo, range->hi);
    else if (!cut(range->lo, range->last_withheld))
      ranges_.insert(*range);
  said_.clear();
  return ranges_;
}

bool PerhapsCached::cut(uint64_t lo, uint64_t hi) const {
  auto at = ranges_.upper_bound(hi);
  while (at != ranges_.begin()) {
    Range& range = *--at;
    if (range.last_withheld < lo) return false;
    if (range.lo < lo) {
      if (range.last_withheld > hi) return true;
      range.last_withheld = lo - 1;
      return false;
    }
    at = ranges_.erase(at);
    if (range.last_withheld <= hi) continue;
    range.lo = hi + 1;
    at = ranges_.insert(at, range);
  }
  return false;
}

bool PerhapsCached::intersects(uint64_t lo, uint64_t hi) const {
  auto above = ranges().upper_bound(hi);
  return above != ranges_.begin() && std::prev(above)->last_withheld >= lo;
}

void Domain::forget_ranges() {
  live.clear();
  reserved.clear();
  perhaps_cached.clear();
  highest_pfn = 0;
  stranded_on = 0;
  begun = under_way = {};
  for (Slot& slot : slots) slot.clear();
  has_queue = single_queue = false;
  queued.clear();
  unmaps_under_way = 0;
  flushes_started = newest_finished = 0;
}

bool Domain::withholds(uint64_t pfn) const {
  auto above = live.upper_bound(pfn);
  return above != live.begin() && std::prev(above)->last_withheld >= pfn;
}

const Range* Domain::live_overlap(uint64_t lo, uint64_t hi) const {
  auto above = live.upper_bound(hi);
  if (above == live.begin()) return nullptr;
  const Range& candidate = *std::prev(above);
  return candidate.hi >= lo ? &candidate : nullptr;
}

uint64_t resolve(const Domain& domain, const program::Value& pfn) {
  auto reach = [&](unsigned bits) {
    unsigned shift = bits - static_cast<unsigned>(domain.granule_shift);
    return shift >= 64 ? 0 : uint64_t{1} << shift;
  };
  switch (static_cast<program::Base>(pfn.base)) {
    case program::Base::absolute: return pfn.number;
    case program::Base::start: return domain.start_pfn + pfn.number;
    case program::Base::dma24: return reach(24) + pfn.number;
    case program::Base::dma30: return reach(30) + pfn.number;
    case program::Base::dma31: return reach(31) + pfn.number;
    case program::Base::dma32: return reach(32) + pfn.number;
    case program::Base::dma48: return reach(48) + pfn.number;
    case program::Base::dma64: return reach(64) + pfn.number;
  }
  return pfn.number;
}

}  // namespace engine
