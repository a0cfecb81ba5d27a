// SPDX-License-Identifier: GPL-2.0-only
// The callers' view of a domain, independent of the allocator: ranges in use by address and by
// slot, and reserved pages.
#pragma once

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/history.h"
#include "program/limits.h"
#include "program/operation.h"
#include "shim/list.h"

namespace engine {

namespace intrusive = boost::intrusive;
using NormalLink = intrusive::link_mode<intrusive::normal_link>;

enum class RangeKind : uint8_t { tree, fast, reserved, queued };

struct Domain;

// Value of unmapped_at until other CPUs can see that the range is unmapped.
inline constexpr uint64_t not_visible = ~uint64_t{0};

// Pages lo..hi, both included, that the program owns.
struct Range {
  uint64_t lo, hi;
  uint64_t size;  // as requested; the allocator may have rounded up
  void* iova;     // returned by alloc() or reserve(); NULL for fast ranges
  RangeKind kind;
  intrusive::set_member_hook<NormalLink> by_address;  // not linked for reserved ranges
  intrusive::list_member_hook<NormalLink> in_slot;    // or links the range into Domain::queued
  uint64_t last_withheld = 0;  // last page that the allocator may withhold behind the range
  // For queued ranges:
  list_head pages = {};                   // the list that held the page-table pages
  const list_head* first_page = nullptr;  // the first of these pages; NULL: none
  const void* list = nullptr;             // the list that queue() returned; NULL before
  Domain* unmapped_in = nullptr;
  uint64_t unmapped_at = 0;     // number of hardware flushes started before, or not_visible
  uint64_t queued_at = 0;       // ms
  bool overlaps_flush = false;  // queued while a flush lasted
  bool is_overtaken = false;    // a timer ran during that flush and may have passed over the range
  bool has_met_timer = false;   // a timer has fired since it was queued
  unsigned ring = 0;            // the CPU of its ring, or 0
  bool in_ring = false;         // counted as an entry of that ring, since queue() returned
  bool is_released = false;     // the queue released it, perhaps at once inside queue()
  unsigned freed_on = 0;        // CPU of the free_fast() or of the queue's release
};

struct ByLo {
  using type = uint64_t;
  type operator()(const Range& range) const { return range.lo; }
};
using LiveRanges =
    intrusive::set<Range,
                   intrusive::member_hook<Range, decltype(Range::by_address), &Range::by_address>,
                   intrusive::key_of_value<ByLo>, intrusive::constant_time_size<true>>;
using Slot =
    intrusive::list<Range,
                    intrusive::member_hook<Range, decltype(Range::in_slot), &Range::in_slot>>;

// Pages as disjoint sorted intervals. Holds only reservations, so there are few.
class PageSet {
 public:
  struct Interval {
    uint64_t lo, hi;
  };
  void clear() { intervals_.clear(); }
  void add(uint64_t lo, uint64_t hi);
  void remove(uint64_t lo, uint64_t hi);
  bool contains(uint64_t lo, uint64_t hi) const;
  bool intersects(uint64_t lo, uint64_t hi) const;
  uint64_t pages() const;
  // The last page of the gapless run that starts at `page`, which must be in the set.
  uint64_t run_end(uint64_t page) const;
  // Whether both sets hold the same pages, however they are split into intervals.
  bool covers_the_same(const PageSet& other) const;
  // In order of address.
  const std::vector<Interval>& intervals() const { return intervals_; }

 private:
  std::vector<Interval> intervals_;
};

// Pages given back through the fast path. Callers cannot know whether a cache holds them until they
// are granted again or a flush has surely returned them.
class PerhapsCached {
 public:
  void clear();
  // Adds the range with the pages withheld behind it. It has no owner any more, so parts may be cut
  // off.
  void add(Range& range) { said_.push_back({&range, false}); }
  // Removes a granted range. An entry that extends beyond it on both sides stays whole: too many
  // pages are never wrong.
  void remove(Range& granted) { said_.push_back({&granted, true}); }
  bool intersects(uint64_t lo, uint64_t hi) const;
  // Disjoint, in order of address; each spans lo to last_withheld.
  const LiveRanges& ranges() const;

 private:
  // Removes lo..hi. Returns true if an entry extends beyond it on both sides and stays.
  bool cut(uint64_t lo, uint64_t hi) const;

  // Queued until ranges() applies them, so that a call costs one pointer.
  struct Said {
    Range* range;
    bool is_granted;
  };
  mutable std::vector<Said> said_;
  mutable LiveRanges ranges_;
};

struct Domain {
  unsigned number = 0;     // in the program
  void* memory = nullptr;  // NULL: not initialized
  bool has_rcaches = false;
  bool has_allocated = false;  // no reservation may follow
  bool is_being_put = false;   // put_iova_domain() is under way
  uint64_t granule_shift = 0;
  uint64_t start_pfn = 0;
  LiveRanges live;
  PageSet reserved;
  PerhapsCached perhaps_cached;
  uint64_t highest_pfn = 0;  // the highest pfn that was ever in a range
  // CPUs (bits) that went offline while a call that may cache ran there, which was moved elsewhere.
  // A flush does not reach what the call may have left in their caches until these CPUs return.
  uint32_t stranded_on = 0;
  // Calls that may overlap: all so far, and those that have not returned.
  Traffic begun, under_way;
  Slot slots[program::max_slots];

  // The flush queue.
  bool has_queue = false, single_queue = false;
  Slot queued;                    // in the order of their unmapping
  unsigned unmaps_under_way = 0;  // queue() calls that have not returned
  uint64_t flushes_started = 0;   // hardware flushes, numbered from 1
  uint64_t newest_finished = 0;   // the highest number of a finished flush

  uint64_t first_pfn_above_32bit() const { return uint64_t{1} << (32 - granule_shift); }
  void forget_ranges();
  // The live range that shares a page with lo..hi, or NULL.
  const Range* live_overlap(uint64_t lo, uint64_t hi) const;
  // Whether the pfn is in a live range or may be withheld behind one.
  bool withholds(uint64_t pfn) const;
};

// The pfn that an operand stands for in this domain.
uint64_t resolve(const Domain& domain, const program::Value& pfn);

}  // namespace engine
