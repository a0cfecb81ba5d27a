/* SPDX-License-Identifier: GPL-2.0-only */
/* First fit from the top: takes the highest gap that is large enough, in a list of ranges. */
#include <linux/iova.h>
#include <linux/module.h>
#include <linux/slab.h>

static struct kmem_cache* range_cache;
static unsigned int cache_users;
static DEFINE_MUTEX(cache_mutex);

int iova_cache_get(void) {
  int error = 0;
  mutex_lock(&cache_mutex);
  if (!cache_users) {
    range_cache = kmem_cache_create("toy_range", sizeof(struct iova), 0, 0, NULL);
    if (!range_cache) error = -ENOMEM;
  }
  if (!error) cache_users++;
  mutex_unlock(&cache_mutex);
  return error;
}

void iova_cache_put(void) {
  mutex_lock(&cache_mutex);
  if (!--cache_users) kmem_cache_destroy(range_cache);
  mutex_unlock(&cache_mutex);
}

static struct iova* range_at(struct list_head* link) {
  return container_of(link, struct iova, on_list);
}

void init_iova_domain(struct iova_domain* iovad, unsigned long granule, unsigned long start_pfn) {
  BUG_ON(granule > PAGE_SIZE || !is_power_of_2(granule));
  spin_lock_init(&iovad->lock);
  INIT_LIST_HEAD(&iovad->ranges);
  iovad->granule = granule;
  iovad->start_pfn = start_pfn;
}

/* alloc_iova_fast() needs no caches: it works like alloc_iova(). */
int iova_domain_init_rcaches(struct iova_domain* iovad) { return 0; }

void put_iova_domain(struct iova_domain* iovad) {
  while (!list_empty(&iovad->ranges)) {
    struct iova* range = range_at(iovad->ranges.next);
    list_del(&range->on_list);
    kmem_cache_free(range_cache, range);
  }
}

/* The list is sorted, the highest range first. */
static void insert_before(struct list_head* next, struct iova* range) {
  list_add_tail(&range->on_list, next);
}

/* Finds the highest free place at or above lowest, and inserts the range there. */
static bool place(struct iova_domain* iovad, struct iova* new, unsigned long size,
                  unsigned long lowest, unsigned long limit_pfn, unsigned long align_mask) {
  /* Exclusive upper bound of the gap. */
  unsigned long end = limit_pfn == ULONG_MAX ? limit_pfn : limit_pfn + 1;
  struct list_head* link = iovad->ranges.next;
  for (;; link = link->next) {
    unsigned long first = end >= size ? (end - size) & align_mask : 0;
    bool is_last = link == &iovad->ranges;
    if (end < size || first < lowest) return false;
    if (is_last || first > range_at(link)->pfn_hi) {
      new->pfn_lo = first;
      new->pfn_hi = first + size - 1;
      insert_before(link, new);
      return true;
    }
    end = min(end, range_at(link)->pfn_lo);
  }
}

static struct iova* alloc_from(struct iova_domain* iovad, unsigned long lowest, unsigned long size,
                               unsigned long limit_pfn, bool size_aligned) {
  unsigned long flags, align_mask = size_aligned ? ~0ul << fls_long(size - 1) : ~0ul;
  struct iova* new;
  bool placed;
  /* The alignment would be 2^64. */
  if (size_aligned && size > 1ul << 63) return NULL;
  new = kmem_cache_alloc(range_cache, GFP_ATOMIC);
  if (!new) return NULL;
  spin_lock_irqsave(&iovad->lock, flags);
  placed = place(iovad, new, size, max(lowest, iovad->start_pfn), limit_pfn, align_mask);
  spin_unlock_irqrestore(&iovad->lock, flags);
  if (placed) return new;
  kmem_cache_free(range_cache, new);
  return NULL;
}

struct iova* alloc_iova(struct iova_domain* iovad, unsigned long size, unsigned long limit_pfn,
                        bool size_aligned) {
  return alloc_from(iovad, 0, size, limit_pfn, size_aligned);
}

/* Never returns pfn 0, which means failure. */
unsigned long alloc_iova_fast(struct iova_domain* iovad, unsigned long size,
                              unsigned long limit_pfn, bool flush_rcache) {
  struct iova* range = alloc_from(iovad, 1, size, limit_pfn, true);
  return range ? range->pfn_lo : 0;
}

static struct iova* range_of(struct iova_domain* iovad, unsigned long pfn) {
  for (struct list_head* link = iovad->ranges.next; link != &iovad->ranges; link = link->next)
    if (range_at(link)->pfn_lo <= pfn) return range_at(link)->pfn_hi >= pfn ? range_at(link) : NULL;
  return NULL;
}

struct iova* find_iova(struct iova_domain* iovad, unsigned long pfn) {
  unsigned long flags;
  struct iova* range;
  spin_lock_irqsave(&iovad->lock, flags);
  range = range_of(iovad, pfn);
  spin_unlock_irqrestore(&iovad->lock, flags);
  return range;
}

void __free_iova(struct iova_domain* iovad, struct iova* iova) {
  unsigned long flags;
  spin_lock_irqsave(&iovad->lock, flags);
  list_del(&iova->on_list);
  spin_unlock_irqrestore(&iovad->lock, flags);
  kmem_cache_free(range_cache, iova);
}

void free_iova(struct iova_domain* iovad, unsigned long pfn) {
  struct iova* range = find_iova(iovad, pfn);
  if (range) __free_iova(iovad, range);
}

void free_iova_fast(struct iova_domain* iovad, unsigned long pfn, unsigned long size) {
  free_iova(iovad, pfn);
}

/*
 * Ranges that overlap the reservation are extended downwards to cover it; only the part above all
 * of them needs a new range. The new range is allocated first, so that a failure changes nothing.
 */
struct iova* reserve_iova(struct iova_domain* iovad, unsigned long pfn_lo, unsigned long pfn_hi) {
  struct iova* new = kmem_cache_alloc(range_cache, GFP_ATOMIC), *range = NULL;
  struct list_head* link;
  unsigned long flags;
  if (!new) return NULL;
  spin_lock_irqsave(&iovad->lock, flags);
  for (link = iovad->ranges.prev; link != &iovad->ranges; link = link->prev) {
    range = range_at(link);
    if (range->pfn_hi < pfn_lo) continue;
    if (range->pfn_lo > pfn_hi) break;
    if (range->pfn_lo > pfn_lo) range->pfn_lo = pfn_lo;
    if (range->pfn_hi >= pfn_hi) goto reserved;
    pfn_lo = range->pfn_hi + 1;
  }
  range = new;
  new = NULL;
  range->pfn_lo = pfn_lo;
  range->pfn_hi = pfn_hi;
  insert_before(link->next, range);
reserved:
  spin_unlock_irqrestore(&iovad->lock, flags);
  if (new) kmem_cache_free(range_cache, new);
  return range;
}
