/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A variant: an allocator as the layers above see it. The port fills this table for each of its
 * revisions, and the kernel glue (src/kernel) for a tree's own iova.c. The header is C, so that
 * both can include it.
 *
 * Domains and iovas are opaque here: a domain is domain_size bytes of zeroed memory that the caller
 * owns, an iova is what alloc(), reserve() and find() return. pfns and sizes are in pages of the
 * domain's granule, limits are inclusive, as callers of the allocator pass them (linux/iova.h).
 */
#ifndef IOVAFUZZ_IOVA_VARIANT_H
#define IOVAFUZZ_IOVA_VARIANT_H

#include <stdbool.h>
#include <stddef.h>

struct list_head;

#define IOVA_BINS 6          /* upstream's magazine caches in a domain: for 1, 2, 4 .. 32 pages */
#define IOVA_MAX_BINS 20     /* limit for any variant */
#define IOVA_ANCHOR_PFN ~0ul /* pfn of the anchor, always the last node */

/*
 * Views: the internal state that an allocator shows. A design behind linux/iova.h may show none; it
 * is then judged by its calls and results alone.
 */
enum iova_view {
  IOVA_VIEW_NODES = 1,        /* each_node(): its ranges, then the anchor */
  IOVA_VIEW_CACHED_NODES = 2, /* in fields(): cached_node and cached32_node */
  IOVA_VIEW_HINT = 4,         /* in fields(): max32_alloc_size, unless lacks_hint */
  IOVA_VIEW_MAGAZINES = 8,    /* each_magazine() */
  IOVA_VIEW_DEPOTS = 16,      /* each_depot() */
  IOVA_VIEW_RINGS = 32,       /* fields() and each_queued() of its flush queue, if any */
};
/* The views of the design that the models describe. */
#define IOVA_VIEWS_OF_MODELS                                                         \
  (IOVA_VIEW_NODES | IOVA_VIEW_CACHED_NODES | IOVA_VIEW_HINT | IOVA_VIEW_MAGAZINES | \
   IOVA_VIEW_DEPOTS)

/* The domain's own fields, as a debugger would show them; 0 for a field without a view. */
struct iova_fields {
  unsigned long granule; /* bytes */
  unsigned long start_pfn;
  unsigned long dma_32bit_pfn;
  unsigned long max32_alloc_size;         /* pages; 0 if lacks_hint */
  unsigned long cached_lo, cached_hi;     /* the range of cached_node */
  unsigned long cached32_lo, cached32_hi; /* the range of cached32_node */
  bool has_rcaches;
};

struct iova_magazine_view {
  unsigned int bin;
  int cpu;       /* -1: in the depot */
  bool previous; /* a CPU's second magazine; the first is the loaded one */
  unsigned long size;
  const unsigned long* pfns;
};

struct iova_depot_view {
  unsigned int bin;
  unsigned long size; /* magazines, as the allocator counts them */
  bool work_pending;
};

struct iova_queue_fields {
  bool exists;
  unsigned long long started, finished; /* flushes */
  bool timer_on, timer_pending;
};

struct iova_queued_view {
  unsigned int ring; /* the CPU, 0 in a single ring */
  unsigned long pfn, pages;
  unsigned long long counter;
};

/*
 * A flush queue, drivers/iommu/dma-iommu.c since v5.17. Flushes go to shim_flush_hardware() with an
 * address inside the domain.
 */
struct iova_queue {
  bool has_single;                          /* supports one ring for all CPUs */
  unsigned long entries;                    /* of a ring; one stays free */
  unsigned long timeout, timeout_of_single; /* ms */
  /* init() publishes the queue with all the barriers that other CPUs need, and queue() orders the
   * caller's unmapping before its own accesses. */
  bool orders_itself;
  /* Each free of a queued range is announced to shim_free_queued() and is its release; else the
   * range is released when its list is put. */
  bool announces_frees;
  /* iommu_dma_init_fq(). 0 or -ENOMEM; put_domain() frees the queue. */
  int (*init)(void* domain, bool single);
  /* queue_iova(). pfn and size are those of alloc_fast(). The queue takes over the pages of
   * freelist, and keeps freelist itself until the pages are put. Returns the list that pages_put()
   * of shim/iommu.h will then see, or NULL if the domain has no queue. */
  const void* (*queue)(void* domain, unsigned long pfn, unsigned long size,
                       struct list_head* freelist);
  void (*fields)(const void* domain, struct iova_queue_fields* fields);
  /* Visits the rings in order of CPU, each from its oldest entry. */
  void (*each_queued)(const void* domain,
                      void (*visit)(void* context, const struct iova_queued_view* queued),
                      void* context);
};

struct iova_variant {
  const char* name; /* "port@6.12" */
  /* For a kernel tree, the identifier of the revision that it should equal, "v6_12"; or NULL. */
  const char* like;
  /* The variant is a revision of the port, or its code is that of a release: a deviation from the
   * models is a finding. Otherwise it is only a difference, since any design that keeps the
   * contract is correct. */
  bool strict;
  unsigned int hz;           /* jiffies per second that it is built for; 0: the world's */
  unsigned int views;        /* enum iova_view; functions without a view are NULL */
  size_t domain_size;        /* bytes */
  unsigned bins;             /* magazine caches of a domain, for sizes 1, 2, 4 .. pages */
  size_t magazine_pfns;      /* capacity of a magazine */
  size_t depot_magazines;    /* capacity of a depot; 0: an unbounded list (v6.7) */
  bool trims_depot;          /* by delayed work */
  bool embeds_rcaches;       /* in the domain, instead of allocating them */
  bool flushes_depots;       /* when a fast request fails, not only the CPUs' magazines */
  bool flushes_dead_cpus;    /* when a CPU goes offline, its magazines */
  bool allocates_lazily;     /* magazines, when something is freed into them */
  bool rcache_limit_checked; /* behaviours.inc has the meaning */
  /* Properties of older trees, with the commit and version that changed them upstream. */
  bool lacks_hint;            /* has no max32_alloc_size: bee60e94a1e2, v4.20 */
  bool leaves_nodes_unzeroed; /* 472d26df5e80, v5.5 */
  bool searches_once;         /* never above the cached node: 4e89dce72521, v5.11 */
  bool wraps_second_pass;     /* below the start, from the anchor on: dcdb3ba7e2a8, v6.2 */
  bool leaves_timer_running;  /* a queue is freed beside its timer's handler: d7061627d701, v5.17 */
  bool resets_hint_seldom;    /* only a free that moves cached32_node does: 5b61343b5059, v5.18 */
  bool ignores_rcache_failures; /* in init_domain(): 32e92d9f6f87, v5.18 */
  /* How max32_alloc_size differs from upstream's; behaviours.inc explains the flags. */
  bool hint_from_full_walk_only, hint_spares_unaligned;
  /* Other differences from upstream, explained there, too. */
  bool takes_any_limit, fast_spares_pfn_0;

  /* Resets static state to that after boot. */
  void (*reset)(void);

  /* iova_cache_get(): 0 or a negative error number. May sleep. */
  int (*cache_get)(void);
  /* iova_cache_put(). May sleep. */
  void (*cache_put)(void);
  /* init_iova_domain(). granule: bytes, a power of two up to PAGE_SIZE. */
  void (*init_domain)(void* domain, unsigned long granule, unsigned long start_pfn);
  /* iova_domain_init_rcaches() (v5.18): 0 or a negative error number. May sleep.
   * NULL: init_domain() does it. */
  int (*init_rcaches)(void* domain);
  /* iova_rcache_range() (v6.0): the largest size cached, in bytes. NULL: not available. */
  unsigned long (*rcache_range)(void);
  /* Frees the flush queue, then put_iova_domain(). May sleep. */
  void (*put_domain)(void* domain);
  /* alloc_iova(). NULL: no room, or no memory. */
  void* (*alloc)(void* domain, unsigned long size, unsigned long limit_pfn, bool size_aligned);
  /* alloc_iova_fast(): a start pfn. 0: no room, or no memory. */
  unsigned long (*alloc_fast)(void* domain, unsigned long size, unsigned long limit_pfn,
                              bool flush_rcache);
  /* free_iova(). pfn: any of the range. */
  void (*free_pfn)(void* domain, unsigned long pfn);
  /* __free_iova(). */
  void (*free_iova)(void* domain, void* iova);
  /* free_iova_fast(). pfn and size are those of alloc_fast(). */
  void (*free_fast)(void* domain, unsigned long pfn, unsigned long size);
  /* find_iova(). NULL: no range contains pfn. */
  void* (*find)(void* domain, unsigned long pfn);
  /* reserve_iova(). pfn_hi is included. NULL: no memory, or pfns beyond the address space. */
  void* (*reserve)(void* domain, unsigned long pfn_lo, unsigned long pfn_hi);

  const struct iova_queue* queue; /* NULL: not available */
  const char* why_no_queue;       /* "a file has no ..."; or NULL */

  /* The range that alloc(), reserve() or find() returned. */
  unsigned long (*pfn_lo)(const void* iova);
  unsigned long (*pfn_hi)(const void* iova);

  /* Views. None of these functions allocates, locks or changes anything. */
  void (*fields)(const void* domain, struct iova_fields* fields);
  /* Visits all nodes in order, the anchor last; stops when visit returns false. */
  void (*each_node)(const void* domain,
                    bool (*visit)(void* context, unsigned long lo, unsigned long hi),
                    void* context);
  /* Number of nodes on the longest path from the root. NULL: not available. */
  unsigned (*height)(const void* domain);
  /*
   * All magazines that exist; nothing if the domain has no rcaches. In order of bin and CPU, loaded
   * before prev, then the bin's depot: a list from its head, an array from its first.
   */
  void (*each_magazine)(const void* domain,
                        void (*visit)(void* context, const struct iova_magazine_view* magazine),
                        void* context);
  void (*each_depot)(const void* domain,
                     void (*visit)(void* context, const struct iova_depot_view* depot),
                     void* context);
};

#endif
