// SPDX-License-Identifier: GPL-2.0-only
// The port: the IOVA allocator of drivers/iommu/iova.c in C++20, with the kernel's names.
//
// A domain hands out ranges of page frame numbers (pfns, in units of its granule) top-down. Ranges
// are nodes of a red-black tree; a permanent anchor node at the highest pfn ends it, so that every
// gap has a node above. In front of the tree, small sizes are cached by start pfn in per-CPU
// magazines, and full magazines in a depot per size: a cached range stays a node of the tree.
//
// Functions of namespace helper have no counterpart upstream; reports name their caller instead.
// Compiled once for each revision (revision.h), and for a defect planted in it (defect.h), into a
// namespace of its own; the flags are constants there. All limits are inclusive here, and exclusive
// inside domain.cc and rcache.cc where a comment says so.
#pragma once

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
inline constexpr Defects defect{.IOVAFUZZ_DEFECT = true};
#else
inline constexpr Defects defect{};
#endif
inline constexpr Revision revision = PlantedRevision(revisions::IOVAFUZZ_REVISION, defect);

inline constexpr unsigned long IOVA_ANCHOR = ~0ul;
inline constexpr int IOVA_RANGE_CACHE_MAX_SIZE = 6;  // bins: sizes of 2^0 .. 2^5 pages
inline constexpr unsigned long IOVA_MAG_SIZE = 127;  // pfns; with its size word, 1 KiB
inline constexpr unsigned MAX_GLOBAL_MAGS = 32;      // of a depot that is no list
inline constexpr unsigned long IOVA_DEPOT_DELAY = msecs_to_jiffies(100);

// A node of the tree: pages pfn_lo..pfn_hi, both included.
struct iova : boost::intrusive::set_base_hook<
                  boost::intrusive::link_mode<boost::intrusive::normal_link>,
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
    iova_magazine* next;  // in a depot list, where every magazine is full
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
  unsigned long depot_size;
  iova_magazine* depot[MAX_GLOBAL_MAGS];
  iova_cpu_rcache* cpu_rcaches;  // per-CPU
};

struct iova_rcache_with_list {
  spinlock_t lock;
  unsigned depot_size;
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
  iova* cached_node;    // the walk for a limit above 4 GiB starts below it
  iova* cached32_node;  // the same for limits up to 4 GiB
  unsigned long granule;  // bytes
  unsigned long start_pfn;
  unsigned long dma_32bit_pfn;     // first pfn at or above 4 GiB
  unsigned long max32_alloc_size;  // pages: such a request below 4 GiB is known to fail
  iova anchor;

  iova_rcache* rcaches;  // IOVA_RANGE_CACHE_MAX_SIZE of them, or NULL
  struct dead_instance : hlist_node {
    iova_domain* iovad;
  } cpuhp_dead;
};

// cache.cc. iova_cache_get() returns 0 or a negative error number.
int iova_cache_get();
void iova_cache_put();
iova* alloc_iova_mem();
void free_iova_mem(iova* iova);
iova_magazine* iova_magazine_alloc(gfp_t flags);
void iova_magazine_free(iova_magazine* mag);
void reset_statics();

// domain.cc. NULL means: no such range, or no memory.
void init_iova_domain(iova_domain* iovad, unsigned long granule, unsigned long start_pfn);
iova* alloc_iova(iova_domain* iovad, unsigned long size, unsigned long limit_pfn,
                 bool size_aligned);
iova* find_iova(iova_domain* iovad, unsigned long pfn);
void __free_iova(iova_domain* iovad, iova* iova);
void free_iova(iova_domain* iovad, unsigned long pfn);
iova* reserve_iova(iova_domain* iovad, unsigned long pfn_lo, unsigned long pfn_hi);
void put_iova_domain(iova_domain* iovad);
// For rcache.cc; the caller holds iova_rbtree_lock.
iova* private_find_iova(iova_domain* iovad, unsigned long pfn);
void remove_iova(iova_domain* iovad, iova* iova);
namespace helper {
// alloc_iova() with another lowest pfn than start_pfn, if it is higher.
iova* alloc_iova_above(iova_domain* iovad, unsigned long size, unsigned long limit_pfn,
                       bool size_aligned, unsigned long lowest_pfn);
}  // namespace helper

// rcache.cc. alloc_iova_fast() returns 0 when there is no room or no memory.
unsigned long iova_rcache_range();  // bytes
int iova_domain_init_rcaches(iova_domain* iovad);
unsigned long alloc_iova_fast(iova_domain* iovad, unsigned long size, unsigned long limit_pfn,
                              bool flush_rcache);
void free_iova_fast(iova_domain* iovad, unsigned long pfn, unsigned long size);
void iova_domain_free_rcaches(iova_domain* iovad);
int iova_cpuhp_dead(unsigned cpu, hlist_node* node);

}  // namespace port::IOVAFUZZ_PORT
