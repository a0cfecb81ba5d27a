/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tree's own iova.c, unmodified, and code that turns it into a variant and reads its static
 * structures. tree_features.h has the differences between trees; probe.cmake makes it from the
 * source.
 */
#include "drivers/iommu/iova.c"

#include "kernel/kernel_variant.h"
#include "tree_features.h"

#if TREE_HAS_QUEUE
/* The tree's own lines, unmodified (probe.cmake). */
#include <linux/atomic.h>
#include <linux/iommu.h>
#include <linux/timer.h>
#include <linux/vmalloc.h>
typedef u64 phys_addr_t;
#ifdef TREE_IS_RELEASE
#define ANNOUNCES_FREES 0
#include "flush_queue.inc"
#else
/* Releases are known by their frees: another design may put lists in another way. */
#define ANNOUNCES_FREES 1
static void free_queued(struct iova_domain *iovad, unsigned long pfn) {
  shim_free_queued(iovad, pfn);
  free_iova(iovad, pfn);
}
static void free_queued_fast(struct iova_domain *iovad, unsigned long pfn, unsigned long size) {
  shim_free_queued(iovad, pfn);
  free_iova_fast(iovad, pfn, size);
}
#define free_iova free_queued
#define free_iova_fast free_queued_fast
#include "flush_queue.inc"
#undef free_iova
#undef free_iova_fast
#endif
#elif TREE_HAS_OWN_QUEUE
#include <linux/iommu.h>
#endif

#ifndef IOVA_DEFAULT_FQ_SIZE /* older names */
#define IOVA_DEFAULT_FQ_SIZE IOVA_FQ_SIZE
#define IOVA_DEFAULT_FQ_TIMEOUT IOVA_FQ_TIMEOUT
#endif
#ifndef IOVA_SINGLE_FQ_TIMEOUT
#define IOVA_SINGLE_FQ_TIMEOUT 0
#endif

#ifdef __clang__
/* Introspection code is not instrumented. */
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)
#endif

/* The memory of a domain. */
#if TREE_HAS_QUEUE
struct whole_domain {
  struct iommu_dma_cookie cookie;
  struct iommu_domain domain;
};
static struct iova_domain *iovad_of(void *domain) {
  return &((struct whole_domain *)domain)->cookie.iovad;
}
static const struct iova_domain *const_iovad_of(const void *domain) {
  return &((const struct whole_domain *)domain)->cookie.iovad;
}
#else
struct whole_domain {
  struct iova_domain iovad;
};
static struct iova_domain *iovad_of(void *domain) { return domain; }
static const struct iova_domain *const_iovad_of(const void *domain) { return domain; }
#endif

/* As after boot. */
static void reset(void) {
  kernel_reset_statics();
#if TREE_USES_MAPLE_TREE
  maple_tree_init();
#endif
}
#ifndef IOVA_RANGE_CACHE_MAX_SIZE /* unknown: assume upstream's */
#define IOVA_RANGE_CACHE_MAX_SIZE IOVA_BINS
#endif
_Static_assert(IOVA_RANGE_CACHE_MAX_SIZE <= IOVA_MAX_BINS,
               "tree: IOVA_RANGE_CACHE_MAX_SIZE is more than iovafuzz takes");

static int cache_get(void) { return iova_cache_get(); }
static void cache_put(void) { iova_cache_put(); }

static void init_domain(void *domain, unsigned long granule, unsigned long start_pfn) {
  init_iova_domain(iovad_of(domain), granule, start_pfn);
}

#if TREE_HAS_RCACHE_INIT
static int init_rcaches(void *domain) { return iova_domain_init_rcaches(iovad_of(domain)); }
#endif

static void put_domain(void *domain) {
#if TREE_HAS_QUEUE
  iommu_dma_free_fq(&((struct whole_domain *)domain)->cookie);
#endif
  put_iova_domain(iovad_of(domain));
}

static void *alloc(void *domain, unsigned long size, unsigned long limit_pfn, bool size_aligned) {
  return alloc_iova(iovad_of(domain), size, limit_pfn, size_aligned);
}

/* Where alloc_iova_fast() does not round sizes up, its callers do, for both calls. */
static unsigned long fast_size(unsigned long size) {
  if (TREE_CALLERS_ROUND && size < 1ul << (IOVA_RANGE_CACHE_MAX_SIZE - 1))
    return roundup_pow_of_two(size);
  return size;
}

static unsigned long alloc_fast(void *domain, unsigned long size, unsigned long limit_pfn,
                                bool flush_rcache) {
  return alloc_iova_fast(iovad_of(domain), fast_size(size), limit_pfn, flush_rcache);
}

static void free_pfn(void *domain, unsigned long pfn) { free_iova(iovad_of(domain), pfn); }
static void free_node(void *domain, void *iova) { __free_iova(iovad_of(domain), iova); }
static void free_fast(void *domain, unsigned long pfn, unsigned long size) {
  free_iova_fast(iovad_of(domain), pfn, fast_size(size));
}
static void *find(void *domain, unsigned long pfn) { return find_iova(iovad_of(domain), pfn); }
static void *reserve(void *domain, unsigned long pfn_lo, unsigned long pfn_hi) {
  return reserve_iova(iovad_of(domain), pfn_lo, pfn_hi);
}

static unsigned long pfn_lo(const void *iova) { return ((const struct iova *)iova)->pfn_lo; }
static unsigned long pfn_hi(const void *iova) { return ((const struct iova *)iova)->pfn_hi; }

#if TREE_SHOWS_NODES
static const struct iova *node_of(const struct rb_node *node) {
  return rb_entry(node, const struct iova, node);
}
#endif

#if TREE_SHOWS_CACHED_NODES
/* A search from no node begins at the anchor. */
static const struct iova *cached_node_of(const struct iova_domain *d, const struct rb_node *node) {
  return node ? node_of(node) : &d->anchor;
}
#endif

#if TREE_SHOWS_MAGAZINES
static bool has_rcaches(const struct iova_domain *d) {
#if TREE_EMBEDS_RCACHES
  /* Of each size on its own: a failure in one leaves the others. */
  for (unsigned bin = 0; bin < IOVA_RANGE_CACHE_MAX_SIZE; bin++)
    if (d->rcaches[bin].cpu_rcaches) return true;
  return false;
#else
  return d->rcaches != NULL;
#endif
}
#endif

static void fields(const void *domain, struct iova_fields *out) {
  const struct iova_domain *d = const_iovad_of(domain);
#if TREE_SHOWS_CACHED_NODES
  const struct iova *cached = cached_node_of(d, d->cached_node),
                    *cached32 = cached_node_of(d, d->cached32_node);
#endif
  *out = (struct iova_fields) {
    .granule = d->granule, .start_pfn = d->start_pfn,
#if TREE_SHOWS_HINT
    .max32_alloc_size = d->max32_alloc_size,
#endif
#if TREE_SHOWS_CACHED_NODES
    .dma_32bit_pfn = d->dma_32bit_pfn, .cached_lo = cached->pfn_lo, .cached_hi = cached->pfn_hi,
    .cached32_lo = cached32->pfn_lo, .cached32_hi = cached32->pfn_hi,
#endif
#if TREE_SHOWS_MAGAZINES
    .has_rcaches = has_rcaches(d),
#endif
  };
}

#if TREE_SHOWS_NODES
static void each_node(const void *domain, bool (*visit)(void *, unsigned long, unsigned long),
                      void *context) {
  const struct iova_domain *d = const_iovad_of(domain);
  for (struct rb_node *node = rb_first(&d->rbroot); node; node = rb_next(node))
    if (!visit(context, node_of(node)->pfn_lo, node_of(node)->pfn_hi)) return;
}

/* From each leaf up: a tree that does not balance may be too deep to go down by recursion. */
static unsigned height(const void *domain) {
  unsigned highest = 0;
  for (struct rb_node *node = rb_first(&const_iovad_of(domain)->rbroot); node;
       node = rb_next(node)) {
    unsigned depth = 0;
    if (node->rb_left || node->rb_right) continue;
    for (const struct rb_node *up = node; up; up = rb_parent(up)) depth++;
    if (depth > highest) highest = depth;
  }
  return highest;
}
#endif

#if TREE_SHOWS_MAGAZINES
typedef void (*magazine_visit)(void *context, const struct iova_magazine_view *magazine);

static void visit_magazine(const struct iova_magazine *mag, unsigned bin, int cpu, bool previous,
                           unsigned long size, magazine_visit visit, void *context) {
  struct iova_magazine_view view = {bin, cpu, previous, size, mag->pfns};
  visit(context, &view);
}

static void each_depot_magazine(const struct iova_rcache *rcache, unsigned bin,
                                magazine_visit visit, void *context) {
#if TREE_LISTS_DEPOT
  for (const struct iova_magazine *mag = rcache->depot; mag; mag = mag->next)
    visit_magazine(mag, bin, -1, false, IOVA_MAG_SIZE, visit, context);
#else
  for (unsigned long i = 0; i < rcache->depot_size; i++)
    visit_magazine(rcache->depot[i], bin, -1, false, IOVA_MAG_SIZE, visit, context);
#endif
}

static void each_magazine(const void *domain, magazine_visit visit, void *context) {
  const struct iova_domain *d = const_iovad_of(domain);
  if (!has_rcaches(d)) return;
  for (unsigned bin = 0; bin < IOVA_RANGE_CACHE_MAX_SIZE; bin++) {
    const struct iova_rcache *rcache = &d->rcaches[bin];
    if (!rcache->cpu_rcaches) continue;
    unsigned cpu;
    for_each_possible_cpu(cpu) {
      const struct iova_cpu_rcache *cpu_rcache = per_cpu_ptr(rcache->cpu_rcaches, cpu);
      const struct iova_magazine *loaded = cpu_rcache->loaded, *prev = cpu_rcache->prev;
      if (loaded) visit_magazine(loaded, bin, cpu, false, loaded->size, visit, context);
      if (prev) visit_magazine(prev, bin, cpu, true, prev->size, visit, context);
    }
    each_depot_magazine(rcache, bin, visit, context);
  }
}

static void each_depot(const void *domain,
                       void (*visit)(void *context, const struct iova_depot_view *depot),
                       void *context) {
  const struct iova_domain *d = const_iovad_of(domain);
  if (!has_rcaches(d)) return;
  for (unsigned bin = 0; bin < IOVA_RANGE_CACHE_MAX_SIZE; bin++) {
    const struct iova_rcache *rcache = &d->rcaches[bin];
    struct iova_depot_view view = {bin, rcache->depot_size, false};
#if TREE_TRIMS_DEPOT
    view.work_pending = delayed_work_pending(&rcache->work);
#endif
    visit(context, &view);
  }
}
#endif

#if TREE_HAS_QUEUE
static int init_queue(void *domain, bool single) {
  struct whole_domain *d = domain;
  d->domain.ops = &shim_iommu_ops;
  d->domain.iova_cookie = &d->cookie;
#if TREE_HAS_SINGLE_QUEUE
  d->cookie.options.qt = single ? IOMMU_DMA_OPTS_SINGLE_QUEUE : IOMMU_DMA_OPTS_PER_CPU_QUEUE;
  /* A driver's single ring is larger: too large for programs to fill. */
  d->cookie.options.fq_size = IOVA_DEFAULT_FQ_SIZE;
  d->cookie.options.fq_timeout = single ? IOVA_SINGLE_FQ_TIMEOUT : IOVA_DEFAULT_FQ_TIMEOUT;
#endif
  return iommu_dma_init_fq(&d->domain);
}

static const void *queue(void *domain, unsigned long pfn, unsigned long size,
                         struct list_head *freelist) {
  struct iommu_dma_cookie *c = &((struct whole_domain *)domain)->cookie;
#if TREE_TYPES_PAGE_LISTS
  struct iommu_pages_list *list = container_of(freelist, struct iommu_pages_list, pages);
#else
  struct list_head *list = freelist;
#endif
  /* As __iommu_dma_unmap() asks, in code that tells nobody of its accesses. */
  shim_mark_aside(&c->fq_domain);
  shim_access_aside(&c->fq_domain);
  if (!c->fq_domain) return NULL;
  queue_iova(c, pfn, size, list);
#if TREE_HAS_SINGLE_QUEUE
  struct iova_fq *fq = c->options.qt == IOMMU_DMA_OPTS_SINGLE_QUEUE ? c->TREE_SINGLE_RING
                                                                    : raw_cpu_ptr(c->TREE_RINGS);
#else
  struct iova_fq *fq = raw_cpu_ptr(c->TREE_RINGS);
#endif
  return &fq->entries[(fq->tail - 1) % IOVA_DEFAULT_FQ_SIZE].freelist;
}

#if TREE_SHOWS_RINGS
static void queue_fields(const void *domain, struct iova_queue_fields *out) {
  const struct iommu_dma_cookie *c = &((const struct whole_domain *)domain)->cookie;
  *out = (struct iova_queue_fields){
      .exists = c->fq_domain != NULL,
      .started = atomic64_read(&c->fq_flush_start_cnt),
      .finished = atomic64_read(&c->fq_flush_finish_cnt),
      .timer_on = atomic_read(&c->fq_timer_on),
      .timer_pending = c->fq_domain && timer_pending(&c->fq_timer),
  };
}

typedef void (*queued_visit)(void *context, const struct iova_queued_view *queued);

static void each_in_ring(const struct iova_fq *fq, unsigned ring, queued_visit visit,
                         void *context) {
  int i;
  fq_ring_for_each(i, fq) {
    const struct iova_fq_entry *entry = &fq->entries[i];
    struct iova_queued_view view = {ring, entry->iova_pfn, entry->pages, entry->counter};
    visit(context, &view);
  }
}

static void each_queued(const void *domain, queued_visit visit, void *context) {
  const struct iommu_dma_cookie *c = &((const struct whole_domain *)domain)->cookie;
  if (!c->fq_domain) return;
  unsigned cpu;
#if TREE_HAS_SINGLE_QUEUE
  if (c->options.qt == IOMMU_DMA_OPTS_SINGLE_QUEUE)
    return each_in_ring(c->TREE_SINGLE_RING, 0, visit, context);
#endif
  for_each_possible_cpu(cpu) each_in_ring(per_cpu_ptr(c->TREE_RINGS, cpu), cpu, visit, context);
}
#endif
#elif TREE_HAS_OWN_QUEUE
static void flush_domain(struct iova_domain *iovad) { shim_flush_hardware(iovad); }
/* An entry's data is whatever the driver makes of it: here its list. */
static void put_pages_of_entry(unsigned long data) { put_pages_list((struct list_head *)data); }

static int init_queue(void *domain, bool single) {
  return init_iova_flush_queue(iovad_of(domain), flush_domain, put_pages_of_entry);
}

static const void *queue(void *domain, unsigned long pfn, unsigned long size,
                         struct list_head *freelist) {
  queue_iova(iovad_of(domain), pfn, fast_size(size), (unsigned long)freelist);
  return freelist;
}

#if TREE_SHOWS_RINGS
static void queue_fields(const void *domain, struct iova_queue_fields *out) {
  const struct iova_domain *d = const_iovad_of(domain);
  *out = (struct iova_queue_fields){
      .exists = d->TREE_RINGS != NULL,
      .started = atomic64_read(&d->fq_flush_start_cnt),
      .finished = atomic64_read(&d->fq_flush_finish_cnt),
      .timer_on = atomic_read(&d->fq_timer_on),
      .timer_pending = d->TREE_RINGS && timer_pending(&d->fq_timer),
  };
}

static void each_queued(const void *domain,
                        void (*visit)(void *context, const struct iova_queued_view *queued),
                        void *context) {
  const struct iova_domain *d = const_iovad_of(domain);
  if (!d->TREE_RINGS) return;
  unsigned cpu;
  for_each_possible_cpu(cpu) {
    const struct iova_fq *fq = per_cpu_ptr(d->TREE_RINGS, cpu);
    int i;
    fq_ring_for_each(i, fq) {
      const struct iova_fq_entry *entry = &fq->entries[i];
      struct iova_queued_view view = {cpu, entry->iova_pfn, entry->pages, entry->counter};
      visit(context, &view);
    }
  }
}
#endif
#endif

#if TREE_HAS_QUEUE || TREE_HAS_OWN_QUEUE
static const struct iova_queue the_queue = {
    .has_single = TREE_HAS_SINGLE_QUEUE,
    .entries = IOVA_DEFAULT_FQ_SIZE,
    .timeout = IOVA_DEFAULT_FQ_TIMEOUT,
    .timeout_of_single = IOVA_SINGLE_FQ_TIMEOUT,
    .orders_itself = TREE_HAS_QUEUE,
#if TREE_HAS_QUEUE
    .announces_frees = ANNOUNCES_FREES,
#endif
    .init = init_queue,
    .queue = queue,
#if TREE_SHOWS_RINGS
    .fields = queue_fields,
    .each_queued = each_queued,
#endif
};
#endif

#define NAME_OF(word) #word
#define EXPANDED_NAME_OF(word) NAME_OF(word)

const struct iova_variant kernel_variant = {
    .name = IOVAFUZZ_KERNEL_NAME,
#ifdef TREE_IS_LIKE
    .like = EXPANDED_NAME_OF(TREE_IS_LIKE),
#endif
#ifdef TREE_IS_RELEASE
    .strict = true,
#endif
    .hz = HZ,
    .views = TREE_SHOWS_NODES * IOVA_VIEW_NODES | TREE_SHOWS_CACHED_NODES * IOVA_VIEW_CACHED_NODES |
             (TREE_SHOWS_HINT || TREE_LACKS_HINT) * IOVA_VIEW_HINT |
             TREE_SHOWS_MAGAZINES * (IOVA_VIEW_MAGAZINES | IOVA_VIEW_DEPOTS) |
             TREE_SHOWS_RINGS * IOVA_VIEW_RINGS,
    .domain_size = sizeof(struct whole_domain),
    .bins = IOVA_RANGE_CACHE_MAX_SIZE,
#if TREE_SHOWS_MAGAZINES
    .magazine_pfns = IOVA_MAG_SIZE,
#if !TREE_LISTS_DEPOT
    .depot_magazines = MAX_GLOBAL_MAGS,
#endif
#endif
    /* The list has no other end. */
    .trims_depot = TREE_TRIMS_DEPOT || TREE_LISTS_DEPOT,
    .embeds_rcaches = TREE_EMBEDS_RCACHES,
    /* Old versions do neither. Other designs are not excused, and a newer tree that does neither
     * has lost a fix. */
    .flushes_depots = TREE_FLUSHES_DEPOTS || !TREE_SHOWS_MAGAZINES || TREE_HAS_RCACHE_INIT,
    .flushes_dead_cpus = TREE_FLUSHES_DEAD_CPUS || !TREE_SHOWS_MAGAZINES || TREE_HAS_RCACHE_INIT,
    .allocates_lazily = TREE_ALLOCATES_LAZILY,
    .rcache_limit_checked = TREE_CHECKS_RCACHE_LIMIT,
    .lacks_hint = TREE_LACKS_HINT,
#if !TREE_HAS_RCACHE_INIT /* newer trees that do this have lost a fix */
    .leaves_nodes_unzeroed = !TREE_ZEROES_NODES,
    .searches_once = !TREE_SEARCHES_TWICE,
    .leaves_timer_running = TREE_LEAVES_TIMER_RUNNING,
    .resets_hint_seldom = TREE_RESETS_HINT_SELDOM,
    .ignores_rcache_failures = TREE_IGNORES_RCACHE_FAILURES,
#endif
#if !TREE_LISTS_DEPOT /* likewise */
    .wraps_second_pass = TREE_WRAPS_SECOND_PASS,
#endif
    .reset = reset,
    .cache_get = cache_get,
    .cache_put = cache_put,
    .init_domain = init_domain,
#if TREE_HAS_RCACHE_INIT
    .init_rcaches = init_rcaches,
#endif
#if TREE_HAS_RCACHE_RANGE
    .rcache_range = iova_rcache_range,
#endif
    .put_domain = put_domain,
    .alloc = alloc,
    .alloc_fast = alloc_fast,
    .free_pfn = free_pfn,
    .free_iova = free_node,
    .free_fast = free_fast,
    .find = find,
    .reserve = reserve,
#if TREE_HAS_QUEUE || TREE_HAS_OWN_QUEUE
    .queue = &the_queue,
#else
    .why_no_queue = TREE_WHY_NO_QUEUE,
#endif
    .pfn_lo = pfn_lo,
    .pfn_hi = pfn_hi,
    .fields = fields,
#if TREE_SHOWS_NODES
    .each_node = each_node,
    .height = height,
#endif
#if TREE_SHOWS_MAGAZINES
    .each_magazine = each_magazine,
    .each_depot = each_depot,
#endif
};

#ifdef __clang__
#pragma clang attribute pop
#endif
