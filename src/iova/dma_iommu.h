// SPDX-License-Identifier: GPL-2.0-only
// The flush queue of drivers/iommu/dma-iommu.c (v5.17; before that in iova.c). Freed ranges wait in
// it until the hardware no longer translates them.
//
// The hardware may still translate an unmapped range, and a flush for each range is slow. So ranges
// are queued in rings, one per CPU or one for all, and released together after a flush that started
// once they were queued. A flush is due when a ring is full, and IOVA_DEFAULT_FQ_TIMEOUT ms after
// the first range was queued.
#pragma once

#include "iova/iova.h"
#include "shim/counters.h"
#include "shim/iommu.h"
#include "shim/list.h"

namespace port::IOVAFUZZ_PORT {

inline constexpr unsigned IOVA_DEFAULT_FQ_SIZE = 256;     // entries of a ring, one stays free
inline constexpr unsigned IOVA_DEFAULT_FQ_TIMEOUT = 10;   // ms
inline constexpr unsigned IOVA_SINGLE_FQ_TIMEOUT = 1000;  // ms

using page_list = std::conditional_t<revision.page_list_has_a_type, iommu_pages_list, list_head>;

struct iova_fq_entry {
  unsigned long iova_pfn;
  unsigned long pages;
  page_list freelist;          // page-table pages to free after the same flush
  unsigned long long counter;  // flushes started when it was queued
};

// The ring before v6.7.
struct iova_fq_of_fixed_size {
  iova_fq_entry entries[IOVA_DEFAULT_FQ_SIZE];
  unsigned head, tail;
  spinlock_t lock;
};

struct iova_fq_of_any_size {
  spinlock_t lock;
  unsigned head, tail;
  unsigned mod_mask;  // entries - 1
  iova_fq_entry entries[];
};

// A ring: head is the oldest entry, tail the place for the next.
using iova_fq =
    std::conditional_t<revision.single_flush_queue, iova_fq_of_any_size, iova_fq_of_fixed_size>;

enum iommu_dma_queue_type { IOMMU_DMA_OPTS_PER_CPU_QUEUE, IOMMU_DMA_OPTS_SINGLE_QUEUE };

struct iommu_dma_options {
  iommu_dma_queue_type qt;
  size_t fq_size;       // entries, a power of two
  unsigned fq_timeout;  // ms
};

// A domain with its queue.
struct iommu_dma_cookie {
  iova_domain iovad;
  union {
    iova_fq* single_fq;  // v6.7
    iova_fq* percpu_fq;
  };
  atomic64_t fq_flush_start_cnt, fq_flush_finish_cnt;
  struct flush_timer : timer_list {
    iommu_dma_cookie* cookie;
  } fq_timer;
  atomic_t fq_timer_on;     // set when a range is queued, cleared when the timer's flush starts
  iommu_domain* fq_domain;  // NULL: there is no queue
  iommu_dma_options options;
};

// Whether unmapped ranges must be queued: the check that __iommu_dma_unmap() makes on any CPU.
bool iommu_dma_queues(const iommu_dma_cookie* cookie);
// Queues a range for free_iova_fast() after the next flush: pages as allocated, from pfn on. Takes
// the pages of freelist, which must be initialized before it is used again. Cannot fail. Any
// context.
void queue_iova(iommu_dma_cookie* cookie, unsigned long pfn, unsigned long pages,
                page_list* freelist);
// Frees the queue, and the page lists in it; queued ranges stay in the tree. Does nothing if there
// is no queue. No queue_iova() may run any more. May sleep.
void iommu_dma_free_fq(iommu_dma_cookie* cookie);
// Starts a queue according to cookie->options. Returns 0 or -ENOMEM; 0 also if there is a queue
// already. May sleep.
int iommu_dma_init_fq(iommu_domain* domain);

}  // namespace port::IOVAFUZZ_PORT
