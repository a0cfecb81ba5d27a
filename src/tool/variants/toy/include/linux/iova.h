/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A toy allocator with the interface of linux/iova.h, for tests of designs that the glue does not
 * know: one list of ranges, no caches.
 */
#ifndef IOVAFUZZ_TOY_IOVA_H
#define IOVAFUZZ_TOY_IOVA_H

#include <linux/dma-mapping.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/types.h>

struct iova {
  struct list_head on_list;
  unsigned long pfn_lo, pfn_hi;
};

struct iova_domain {
  spinlock_t lock;
  struct list_head ranges; /* sorted, the highest first; no overlaps */
  unsigned long granule, start_pfn;
};

int iova_cache_get(void);
void iova_cache_put(void);
void init_iova_domain(struct iova_domain* iovad, unsigned long granule, unsigned long start_pfn);
int iova_domain_init_rcaches(struct iova_domain* iovad);
void put_iova_domain(struct iova_domain* iovad);
struct iova* alloc_iova(struct iova_domain* iovad, unsigned long size, unsigned long limit_pfn,
                        bool size_aligned);
unsigned long alloc_iova_fast(struct iova_domain* iovad, unsigned long size,
                              unsigned long limit_pfn, bool flush_rcache);
void free_iova(struct iova_domain* iovad, unsigned long pfn);
void __free_iova(struct iova_domain* iovad, struct iova* iova);
void free_iova_fast(struct iova_domain* iovad, unsigned long pfn, unsigned long size);
struct iova* find_iova(struct iova_domain* iovad, unsigned long pfn);
struct iova* reserve_iova(struct iova_domain* iovad, unsigned long pfn_lo, unsigned long pfn_hi);

#endif
