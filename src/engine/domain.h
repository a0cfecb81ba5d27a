// SPDX-License-Identifier: GPL-2.0-only
// What callers know of a domain, whatever the allocator makes of it: the ranges in use, by address
// and by slot, and the reserved pages.
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

// When a range was unmapped, as long as nobody else sees that yet.
inline constexpr uint64_t not_visible = ~uint64_t{0};

// Pages lo..hi, both included, that the program owns.
struct Range {
  uint64_t lo, hi;
  uint64_t size;  // as asked for; the allocator may have rounded up
  void* iova;     // what alloc() or reserve() returned, NULL for fast ones
  RangeKind kind;
  intrusive::set_member_hook<NormalLink> by_address;  // not for reserved ones
  intrusive::list_member_hook<NormalLink> in_slot;    // or in the flush queue
  uint64_t last_withheld = 0;                         // with what may be withheld behind it
  // Of a queued one:
  list_head pages = {};                   // where its page-table pages were
  const list_head* first_page = nullptr;  // of these; NULL: none
  const void* list = nullptr;  // that the queue will put; NULL while it is not queued yet
  Domain* unmapped_in = nullptr;
  uint64_t unmapped_at = 0;     // hardware flushes started before, or not_visible
  uint64_t queued_at = 0;       // ms
  bool overlaps_flush = false;  // queued while a flush lasted ...
  bool is_overtaken = false;    // ... which a timer overtook: that one may have passed it over
  unsigned ring = 0;            // its CPU, or 0
  bool in_ring = false;         // from the end of queue() on ...
  bool is_released = false;     // ... unless that freed it at once
  unsigned freed_on = 0;        // CPU, of what was given back through the fast way
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

// Pages as disjoint intervals in order. Few: only reservations are kept so.
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
  // The last page of the run without a gap that starts at page, which must be in the set.
  uint64_t run_end(uint64_t page) const;
  // Whether both hold the same pages, however they are divided.
  bool covers_the_same(const PageSet& other) const;
  // In order of address.
  const std::vector<Interval>& intervals() const { return intervals_; }

 private:
  std::vector<Interval> intervals_;
};

// Pages that were given back through the fast way: whether they sit in a cache since, callers
// cannot know, until they are granted again or a flush has surely returned them.
class PerhapsCached {
 public:
  void clear();
  // With what was withheld behind it. The range is nobody's any more: parts of it may be cut off.
  void add(Range& range) { said_.push_back({&range, false}); }
  // It was granted. Of one on both sides of it all stays: a page more is never wrong.
  void remove(Range& granted) { said_.push_back({&granted, true}); }
  bool intersects(uint64_t lo, uint64_t hi) const;
  // In order of address, apart: from lo to last_withheld.
  const LiveRanges& ranges() const;

 private:
  // Whether they are in a range that stays.
  bool cut(uint64_t lo, uint64_t hi) const;

  // Taken in when somebody asks, so that a call costs a pointer.
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
  bool has_allocated = false;  // reservations come before
  bool is_being_put = false;   // put_iova_domain() is under way
  uint64_t granule_shift = 0;
  uint64_t start_pfn = 0;
  LiveRanges live;
  PageSet reserved;
  PerhapsCached perhaps_cached;
  uint64_t highest_pfn = 0;  // ever in a range
  // CPUs that were offline when a call ended that had moved from one to another: what it cached
  // there no flush reaches until they return.
  uint32_t stranded_on = 0;
  // Of calls that others may overlap with: ever, and those that have not returned.
  Traffic begun, under_way;
  Slot slots[program::max_slots];

  // The flush queue.
  bool has_queue = false, single_queue = false;
  Slot queued;                    // in the order of their unmapping
  unsigned unmaps_under_way = 0;  // calls of queue() that a slow flush holds up
  uint64_t flushes_started = 0;   // hardware flushes, numbered from 1
  uint64_t newest_finished = 0;   // the latest started one that is over

  uint64_t first_pfn_above_32bit() const { return uint64_t{1} << (32 - granule_shift); }
  void forget_ranges();
  // A live range that shares a page with lo..hi, or NULL.
  const Range* live_overlap(uint64_t lo, uint64_t hi) const;
  // Whether the pfn may be withheld behind a live range, or is in one.
  bool withholds(uint64_t pfn) const;
};

// What a pfn operand means in a domain.
uint64_t resolve(const Domain& domain, const program::Value& pfn);

}  // namespace engine
