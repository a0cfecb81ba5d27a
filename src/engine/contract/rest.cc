// SPDX-License-Identifier: GPL-2.0-only
// Judges a world at rest: delayed work and timers end, and the memory that is left is in proportion
// to owned, queued and reserved ranges, plus a bound for each CPU and size.
#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "engine/contract/judges.h"
#include "shim/cpu.h"
#include "shim/object.h"
#include "shim/timekeeping.h"

namespace engine::contract {
namespace {

// Far above what caches keep upstream (three magazines of 127 pfns, and 32 in a depot that nobody
// trims), and low enough for a leak to show in a program. Of caches that nobody sees, twice as
// much.
constexpr size_t most_cached_on_a_cpu = 1024, most_in_an_untrimmed_depot = 8192;
constexpr size_t most_magazines_of_a_cpu = 4;  // the depot's share with it
// Objects besides ranges and magazines; another design may set some aside.
constexpr size_t most_of_a_domain = 64, most_set_aside = 1024;
constexpr size_t most_empty = 4;       // magazines of a CPU and size
constexpr size_t most_of_a_range = 4;  // objects, of another design

}  // namespace

void Rest::begin() { seen_ = {}; }

void Rest::begin_call(Call& call) {
  Seen& seen = seen_[call.domain->number];
  switch (call.function) {
    case Function::init_domain: seen = {}; return;
    case Function::reserve: seen.reservations++; return;
    case Function::free_fast:
    case Function::queue:
      seen.cached_sizes |= 1u << std::bit_width(rounded(variant(), call.size) - 1) % 32;
      return;
    default: return;
  }
}

size_t Rest::most_objects() const {
  size_t most = most_of_a_domain;  // the caches' own
  for (const Domain& domain : scene_.books.domains()) {
    if (!domain.memory) continue;
    const Seen& seen = seen_[domain.number];
    const size_t of_a_cpu =
        variant().views & IOVA_VIEW_MAGAZINES
            ? std::max(most_cached_on_a_cpu, most_magazines_of_a_cpu * variant().magazine_pfns)
            : 2 * most_cached_on_a_cpu;
    size_t of_a_size = of_a_cpu * num_possible_cpus();
    if (!variant().trims_depot) of_a_size += most_in_an_untrimmed_depot;
    // A reservation may be kept in parts where it met others; queued ranges are live.
    most += most_empty * variant().bins * num_possible_cpus();
    if (!variant().strict) most += most_set_aside;
    const size_t of_a_range = variant().strict ? 1 : most_of_a_range;
    most += of_a_range * (domain.live.size() + 2 * seen.reservations) + most_of_a_domain +
            of_a_size * static_cast<size_t>(std::popcount(seen.cached_sizes));
  }
  return most;
}

void Rest::hear(const Event& event) {
  if (event.kind != Kind::idle || scene_.overlapped) return;
  if (event.number) return raise(oracle::never_settles, shim::busiest_handler(), "");
  // After an earlier finding, memory may be lost already.
  if (scene_.promise_broken) return;
  shim::Census now = shim::census();
  size_t objects = now.kmalloc_objects + now.cache_objects, most = most_objects();
  if (objects <= most) return;
  const shim::LiveObjects grown = shim::most_live_slab_objects();
  raise(oracle::memory_unbounded, grown.one->allocated_at->function,
        fmt::format("{} objects, but {} ranges in use; {} of the objects are {}", objects,
                    scene_.books.ranges_in_use(), grown.count, shim::kind_of(*grown.one)));
}

}  // namespace engine::contract
