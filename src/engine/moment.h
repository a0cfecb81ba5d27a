// SPDX-License-Identifier: GPL-2.0-only
// One moment of a run, for people: who owns what, what the allocator shows of its inside, which
// call is under way, and where it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/domain.h"
#include "engine/views.h"

namespace engine {

struct DomainMoment {
  struct Owned {
    uint64_t lo, hi;
    RangeKind kind;
    std::optional<unsigned> slot;
  };
  struct Magazine {
    unsigned bin;
    int cpu;  // -1: in the depot
    bool previous;
    std::vector<uint64_t> pfns;
  };
  unsigned number = 0;
  uint64_t granule = 0, start_pfn = 0, first_pfn_above_32bit = 0;
  bool has_rcaches = false, has_queue = false;
  std::vector<Owned> owned;  // by the callers' books, in order of address
  uint64_t flushes_started = 0, newest_finished = 0;
  bool is_seen = false;  // the rest is what the allocator shows
  Snapshot view;         // but for what magazines hold
  std::vector<Magazine> magazines;
};

struct CallMoment {
  const char* function;
  unsigned domain;
  uint64_t size, limit, pfn, last;
  bool aligned, flush, in_interrupt, is_over, granted;
  int error;
  unsigned cpu;
  bool has_range, is_booked;  // is_booked: the callers' books have it by now
  uint64_t lo, hi;            // granted, or given back
};

struct Moment {
  std::vector<DomainMoment> domains;  // those that are there
  uint64_t ms = 0;
  unsigned cpu = 0;
  size_t suspended = 0;  // operations
  std::optional<CallMoment> call;
};

// without views: only what the books have, which no broken allocator can spoil.
DomainMoment moment_of(const Domain& domain, const iova_variant& variant, bool with_views);
CallMoment moment_of(const Call& call);

}  // namespace engine
