/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The port under the kernel's names, for C code that is compiled without a tree's
 * include/linux/iova.h: KUnit suites. A domain is the port's own (iova.h), with the same layout in
 * all revisions, as port_variant.cc checks. Calls go to the revision that kernel_calls.c points to.
 */
#ifndef IOVAFUZZ_LINUX_IOVA_H
#define IOVAFUZZ_LINUX_IOVA_H

#include <linux/dma-mapping.h>
#include <linux/kernel.h>
#include <linux/types.h>

#include "iova/calls.h"

struct iova {
  void* node[3]; /* links of the tree */
  unsigned long pfn_hi;
  unsigned long pfn_lo;
};

struct iova_domain {
  spinlock_t iova_rbtree_lock;
  void* tree[5]; /* and the cached nodes */
  unsigned long granule;
  unsigned long start_pfn;
  unsigned long dma_32bit_pfn;
  unsigned long max32_alloc_size;
  void* anchor_rcaches_and_queue[32];
};

static inline unsigned long iova_size(struct iova* iova) { return iova->pfn_hi - iova->pfn_lo + 1; }
static inline unsigned long iova_shift(struct iova_domain* iovad) { return __ffs(iovad->granule); }
static inline unsigned long iova_mask(struct iova_domain* iovad) { return iovad->granule - 1; }
static inline size_t iova_offset(struct iova_domain* iovad, dma_addr_t address) {
  return address & iova_mask(iovad);
}
static inline size_t iova_align(struct iova_domain* iovad, size_t size) {
  return ALIGN(size, iovad->granule);
}
static inline dma_addr_t iova_dma_addr(struct iova_domain* iovad, struct iova* iova) {
  return (dma_addr_t)iova->pfn_lo << iova_shift(iovad);
}
static inline unsigned long iova_pfn(struct iova_domain* iovad, dma_addr_t address) {
  return address >> iova_shift(iovad);
}

#endif
