// SPDX-License-Identifier: GPL-2.0-only
// The state of a run at one moment, for people: owners of pages, the allocator's views, the current
// call and its place.
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
  bool is_seen = false;  // the fields below come from the allocator's views
  Snapshot view;         // without the contents of magazines
  std::vector<Magazine> magazines;
};

struct CallMoment {
  const char* function;
  unsigned domain;
  uint64_t size, limit, pfn, last;
  bool aligned, flush, in_interrupt, is_over, granted;
  int error;
  unsigned cpu;
  bool has_range, is_booked;  // is_booked: the callers' books already have the range
  uint64_t lo, hi;            // of the range granted or given back
};

struct Moment {
  std::vector<DomainMoment> domains;  // initialized ones
  uint64_t ms = 0;
  unsigned cpu = 0;
  size_t suspended = 0;  // number of suspended operations
  std::optional<CallMoment> call;
};

// Without views, only the books count, which a broken allocator cannot corrupt.
DomainMoment moment_of(const Domain& domain, const iova_variant& variant, bool with_views);
CallMoment moment_of(const Call& call);

}  // namespace engine
