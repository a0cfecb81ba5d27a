/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tree's own iova.c, unmodified, and below it the view of its static structures that makes it a
 * variant. What trees differ in is in tree_features.h, which probe.cmake makes from the tree's source.
 */
#include "drivers/iommu/iova.c"

#include "tree_features.h"
#include "kernel/kernel_variant.h"

_Static_assert(IOVA_RANGE_CACHE_MAX_SIZE == IOVA_BINS, "another number of magazine caches");

static int cache_get(void) { return iova_cache_get(); }
static void cache_put(void) { iova_cache_put(); }

static void init_domain(void *domain, unsigned long granule, unsigned long start_pfn) {
  init_iova_domain(domain, granule, start_pfn);
}

#if TREE_HAS_RCACHE_INIT
static int init_rcaches(void *domain) { return iova_domain_init_rcaches(domain); }
#endif

static void put_domain(void *domain) { put_iova_domain(domain); }

static void *alloc(void *domain, unsigned long size, unsigned long limit_pfn, bool size_aligned) {
  return alloc_iova(domain, size, limit_pfn, size_aligned);
}

/* Where alloc_iova_fast() does not round sizes up, its callers do, for both calls. */
static unsigned long fast_size(unsigned long size) {
  if (!TREE_ROUNDS_FAST_SIZES && size < 1ul << (IOVA_RANGE_CACHE_MAX_SIZE - 1))
    return roundup_pow_of_two(size);
  return size;
}

static unsigned long alloc_fast(void *domain, unsigned long size, unsigned long limit_pfn,
                                bool flush_rcache) {
  return alloc_iova_fast(domain, fast_size(size), limit_pfn, flush_rcache);
}

static void free_pfn(void *domain, unsigned long pfn) { free_iova(domain, pfn); }
static void free_node(void *domain, void *iova) { __free_iova(domain, iova); }
static void free_fast(void *domain, unsigned long pfn, unsigned long size) {
  free_iova_fast(domain, pfn, fast_size(size));
}
static void *find(void *domain, unsigned long pfn) { return find_iova(domain, pfn); }
static void *reserve(void *domain, unsigned long pfn_lo, unsigned long pfn_hi) {
  return reserve_iova(domain, pfn_lo, pfn_hi);
}

static unsigned long pfn_lo(const void *iova) { return ((const struct iova *)iova)->pfn_lo; }
static unsigned long pfn_hi(const void *iova) { return ((const struct iova *)iova)->pfn_hi; }

static const struct iova *node_of(const struct rb_node *node) {
  return rb_entry(node, const struct iova, node);
}

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

static void fields(const void *domain, struct iova_fields *out) {
  const struct iova_domain *d = domain;
  const struct iova *cached = node_of(d->cached_node), *cached32 = node_of(d->cached32_node);
  *out = (struct iova_fields){
      .granule = d->granule,
      .start_pfn = d->start_pfn,
      .dma_32bit_pfn = d->dma_32bit_pfn,
      .max32_alloc_size = d->max32_alloc_size,
      .cached_lo = cached->pfn_lo,
      .cached_hi = cached->pfn_hi,
      .cached32_lo = cached32->pfn_lo,
      .cached32_hi = cached32->pfn_hi,
      .has_rcaches = has_rcaches(d),
  };
}

static void each_node(const void *domain, bool (*visit)(void *, unsigned long, unsigned long),
                      void *context) {
  const struct iova_domain *d = domain;
  for (struct rb_node *node = rb_first(&d->rbroot); node; node = rb_next(node))
    if (!visit(context, node_of(node)->pfn_lo, node_of(node)->pfn_hi)) return;
}

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
  const struct iova_domain *d = domain;
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
  const struct iova_domain *d = domain;
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

#define NAME_OF(word) #word
#define EXPANDED_NAME_OF(word) NAME_OF(word)

const struct iova_variant kernel_variant = {
    .name = IOVAFUZZ_KERNEL_NAME,
#ifdef TREE_IS_LIKE
    .like = EXPANDED_NAME_OF(TREE_IS_LIKE),
#endif
    .domain_size = sizeof(struct iova_domain),
    .magazine_pfns = IOVA_MAG_SIZE,
#if !TREE_LISTS_DEPOT
    .depot_magazines = MAX_GLOBAL_MAGS,
#endif
    .trims_depot = TREE_TRIMS_DEPOT,
    .embeds_rcaches = TREE_EMBEDS_RCACHES,
    .flushes_depots = TREE_FLUSHES_DEPOTS,
    .flushes_dead_cpus = TREE_FLUSHES_DEAD_CPUS,
    .allocates_lazily = TREE_ALLOCATES_LAZILY,
    .rcache_limit_checked = TREE_CHECKS_RCACHE_LIMIT,
    .reset = kernel_reset_statics,
    .cache_get = cache_get,
    .cache_put = cache_put,
    .init_domain = init_domain,
#if TREE_HAS_RCACHE_INIT
    .init_rcaches = init_rcaches,
#endif
    .put_domain = put_domain,
    .alloc = alloc,
    .alloc_fast = alloc_fast,
    .free_pfn = free_pfn,
    .free_iova = free_node,
    .free_fast = free_fast,
    .find = find,
    .reserve = reserve,
    .pfn_lo = pfn_lo,
    .pfn_hi = pfn_hi,
    .fields = fields,
    .each_node = each_node,
    .each_magazine = each_magazine,
    .each_depot = each_depot,
};
