// SPDX-License-Identifier: GPL-2.0-only
// The port: the IOVA allocator (drivers/iommu/iova.c, include/linux/iova.h) in C++20, with the
// kernel's names and its order of functions.
//
// A domain hands out ranges of page frame numbers (pfns, in units of its granule) top-down. Ranges
// are nodes of a red-black tree; a permanent anchor node at the highest pfn ends it, so that every
// gap has a node above. In front of the tree, small sizes are cached by start pfn in per-CPU
// magazines, and full magazines in a depot per size: a cached range stays a node of the tree.
//
// The port is compiled once for each revision (revision.h), and for a planted defect (defect.h),
// into a namespace of its own, in which the flags are constants. All revisions have the interface
// of v6.12; a version in parentheses is the first with that function or property upstream.
//
// Unless a comment says otherwise, sizes are pages of the granule, and limits are inclusive pfns.
// "Any context" includes interrupts.
#pragma once

#include <bit>
#include <boost/intrusive/set.hpp>
#include <type_traits>

#include "iova/defect.h"
#include "iova/port_variants.h"
#include "iova/revision.h"
#include "shim/bug.h"
#include "shim/cost.h"
#include "shim/cpu.h"
#include "shim/locks.h"
#include "shim/percpu.h"
#include "shim/slab.h"
#include "shim/timekeeping.h"
#include "shim/types.h"

#ifndef IOVAFUZZ_REVISION
#error "compile the port with -DIOVAFUZZ_REVISION=<identifier of revisions.inc>"
#endif

namespace port::IOVAFUZZ_PORT {

#ifdef IOVAFUZZ_DEFECT
inline constexpr Defects built_for{.IOVAFUZZ_DEFECT = true};
#else
inline constexpr Defects built_for{};
#endif
inline constexpr Revision revision = PlantedRevision(revisions::IOVAFUZZ_REVISION, built_for);
#ifdef IOVAFUZZ_DEFECT_CHOSEN_BY_VARIANT
inline Defects defect{};
#else
inline constexpr Defects defect = built_for;
#endif

inline constexpr unsigned long IOVA_ANCHOR = ~0ul;   // pfn of the anchor node
inline constexpr int IOVA_RANGE_CACHE_MAX_SIZE = 6;  // bins: sizes of 2^0 .. 2^5 pages
inline constexpr unsigned long IOVA_MAG_SIZE = 127;  // pfns; with its size word, 1 KiB
inline constexpr unsigned MAX_GLOBAL_MAGS = 32;      // capacity of a depot array (before v6.7)
#define IOVA_DEPOT_DELAY msecs_to_jiffies(100)

// A node of the tree: pages pfn_lo..pfn_hi, both included.
struct iova
    : boost::intrusive::set_base_hook<boost::intrusive::link_mode<boost::intrusive::normal_link>,
                                      boost::intrusive::optimize_size<true>> {
  unsigned long pfn_hi;
  unsigned long pfn_lo;
};

struct by_pfn_lo {
  using type = unsigned long;
  type operator()(const iova& node) const { return node.pfn_lo; }
};
using iova_tree = boost::intrusive::set<iova, boost::intrusive::key_of_value<by_pfn_lo>,
                                        boost::intrusive::constant_time_size<false>>;

struct iova_domain;

struct iova_magazine {
  union {
    unsigned long size;   // pfns held, while a CPU owns it
    iova_magazine* next;  // in a depot list (v6.7), where every magazine is full
  };
  unsigned long pfns[IOVA_MAG_SIZE];
};

struct iova_cpu_rcache {
  spinlock_t lock;
  iova_magazine* loaded;  // pushes and pops go here
  iova_magazine* prev;
};

struct iova_rcache_with_array {
  spinlock_t lock;
  unsigned long depot_size;  // magazines
  iova_magazine* depot[MAX_GLOBAL_MAGS];
  iova_cpu_rcache* cpu_rcaches;  // per-CPU
};

struct iova_rcache_with_list {
  spinlock_t lock;
  unsigned depot_size;  // magazines
  iova_magazine* depot;
  iova_cpu_rcache* cpu_rcaches;  // per-CPU
  iova_domain* iovad;
  delayed_work work;  // trims the depot
};

// One bin: all cached ranges of one size.
using iova_rcache =
    std::conditional_t<revision.depot_is_list, iova_rcache_with_list, iova_rcache_with_array>;

struct iova_domain {
  spinlock_t iova_rbtree_lock;
  iova_tree rbroot;
  iova* cached_node;               // walks for limits above 4 GiB start below it
  iova* cached32_node;             // walks for limits up to 4 GiB start below it
  unsigned long granule;           // bytes
  unsigned long start_pfn;         // the lowest pfn to hand out; reservations may lie below
  unsigned long dma_32bit_pfn;     // the first pfn at or above 4 GiB
  unsigned long max32_alloc_size;  // pages: requests below 4 GiB of this size or more will fail
  iova anchor;

  iova_rcache* rcaches;  // IOVA_RANGE_CACHE_MAX_SIZE of them, or NULL
  struct dead_instance : hlist_node {
    iova_domain* iovad;
  } cpuhp_dead;
};

// The granule as a shift: log2 of bytes.
inline unsigned long iova_shift(const iova_domain* iovad) {
  return static_cast<unsigned long>(std::countr_zero(iovad->granule));
}

// Takes a reference to the slab caches of all domains; the first creates them. 0, -ENOMEM, or the
// error of the hotplug state. May sleep.
int iova_cache_get();
// Drops a reference; the last destroys the caches. All domains must be put before. May sleep.
void iova_cache_put();

// The largest size that rcaches hold (v6.0). Bytes.
unsigned long iova_rcache_range();

// Frees the range that contains pfn; ignores a pfn in no range. Any context.
void free_iova(iova_domain* iovad, unsigned long pfn);
// Frees a range that the caller owns. Any context.
void __free_iova(iova_domain* iovad, iova* iova);
// Allocates size pages, the highest that fit between start_pfn and limit_pfn. size_aligned asks for
// alignment to size, rounded up to a power of two. NULL: no room, or no memory. Any context.
// lowest_pfn, which upstream does not have, raises start_pfn for this request.
iova* alloc_iova(iova_domain* iovad, unsigned long size, unsigned long limit_pfn, bool size_aligned,
                 unsigned long lowest_pfn = 0);
// Frees what alloc_iova_fast() returned for the same size; into the rcaches, if they take it. Any
// context.
void free_iova_fast(iova_domain* iovad, unsigned long pfn, unsigned long size);
// Allocates from the rcaches, else from the tree, aligned. Sizes up to 32 pages are rounded up to a
// power of two (v5.17). flush_rcache empties the rcaches and tries again before it fails (v4.15).
// Returns the start pfn; 0: no room, or no memory. Needs iova_domain_init_rcaches(). Any context.
unsigned long alloc_iova_fast(iova_domain* iovad, unsigned long size, unsigned long limit_pfn,
                              bool flush_rcache);
// Keeps pfn_lo..pfn_hi, both included, from being allocated. Ranges that overlap are widened, and
// the result may be one of them. NULL: no memory, or pfns beyond the address space, with a warning.
// Any context.
iova* reserve_iova(iova_domain* iovad, unsigned long pfn_lo, unsigned long pfn_hi);
// Initializes a domain in zeroed memory. granule: bytes, a power of two up to PAGE_SIZE. Cannot
// fail.
void init_iova_domain(iova_domain* iovad, unsigned long granule, unsigned long start_pfn);
// Adds the rcaches to a domain (v5.18). 0, -ENOMEM, or the error of the hotplug state; after an
// error, the domain is usable without the fast functions. May sleep.
int iova_domain_init_rcaches(iova_domain* iovad);
// Returns the range that contains pfn, or NULL. Any context.
iova* find_iova(iova_domain* iovad, unsigned long pfn);
// Frees all ranges and the rcaches, but not the domain itself. May sleep.
void put_iova_domain(iova_domain* iovad);

// Resets static variables to their state after boot; not upstream.
void reset_statics();

}  // namespace port::IOVAFUZZ_PORT
