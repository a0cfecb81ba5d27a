// SPDX-License-Identifier: GPL-2.0-only
/* Appended to the tree's unmodified dma-iommu.c, since its flush queue is static. */
#include "iovafuzz_queue.h"

#if CAN_QUEUE

struct iovafuzz_domain {
  struct iommu_dma_cookie cookie;
  struct iommu_domain domain;
};

#if TREE_TYPES_PAGE_LISTS
typedef struct iommu_pages_list page_list;
#else
typedef struct list_head page_list;
#endif

struct iovafuzz_pages {
  page_list list;
};

static struct iovafuzz_domain* whole(struct iova_domain* iovad) {
  return container_of(iovad, struct iovafuzz_domain, cookie.iovad);
}

static void flush_all(struct iommu_domain* domain) { iovafuzz_flush_hardware(); }
static const struct iommu_domain_ops iovafuzz_ops = {.flush_iotlb_all = flush_all};

struct iova_domain* iovafuzz_new_domain(void) {
  struct iovafuzz_domain* d = kzalloc(sizeof(*d), GFP_KERNEL | __GFP_NOFAIL);

  d->domain.ops = &iovafuzz_ops;
  d->domain.iova_cookie = &d->cookie;
  return &d->cookie.iovad;
}

void iovafuzz_free_domain(struct iova_domain* iovad) { kfree(whole(iovad)); }

int iovafuzz_init_queue(struct iova_domain* iovad, bool single) {
  struct iovafuzz_domain* d = whole(iovad);

#if TREE_HAS_SINGLE_QUEUE
  d->cookie.options.qt = single ? IOMMU_DMA_OPTS_SINGLE_QUEUE : IOMMU_DMA_OPTS_PER_CPU_QUEUE;
  /* Same size as the shim's queue: programs cannot fill a driver's larger single ring. */
  d->cookie.options.fq_size = IOVA_DEFAULT_FQ_SIZE;
  d->cookie.options.fq_timeout = single ? IOVA_SINGLE_FQ_TIMEOUT : IOVA_DEFAULT_FQ_TIMEOUT;
#endif
  return iommu_dma_init_fq(&d->domain);
}

struct iovafuzz_pages* iovafuzz_new_pages(unsigned long pages) {
  struct iovafuzz_pages* new = kmalloc(sizeof(*new), GFP_KERNEL | __GFP_NOFAIL);

#if TREE_TYPES_PAGE_LISTS
  new->list = IOMMU_PAGES_LIST_INIT(new->list);
  while (pages--)
    iommu_pages_list_add(&new->list, iommu_alloc_pages_sz(GFP_KERNEL | __GFP_NOFAIL, PAGE_SIZE));
#else
  INIT_LIST_HEAD(&new->list);
  while (pages--)
#if TREE_HAS_IOMMU_PAGES
    list_add_tail(&virt_to_page(iommu_alloc_page(GFP_KERNEL | __GFP_NOFAIL))->lru, &new->list);
#else
    list_add_tail(&alloc_page(GFP_KERNEL | __GFP_NOFAIL)->lru, &new->list);
#endif
#endif
  return new;
}

void iovafuzz_queue(struct iova_domain* iovad, unsigned long pfn, unsigned long size,
                    struct iovafuzz_pages* pages) {
  queue_iova(&whole(iovad)->cookie, pfn, size, &pages->list);
}

void iovafuzz_end_queue(struct iova_domain* iovad) { iommu_dma_free_fq(&whole(iovad)->cookie); }

static unsigned int queued_in(struct iova_fq* fq) {
  unsigned int queued = 0;
  int i;

  fq_ring_for_each(i, fq) queued++;
  return queued;
}

bool iovafuzz_queue_state(struct iova_domain* iovad, struct queue_state* state) {
  struct iommu_dma_cookie* c = &whole(iovad)->cookie;
  int cpu;

  if (!c->fq_domain) return false;
  *state = (struct queue_state){.started = atomic64_read(&c->fq_flush_start_cnt),
                                .finished = atomic64_read(&c->fq_flush_finish_cnt)};
#if TREE_HAS_SINGLE_QUEUE
  if (c->options.qt == IOMMU_DMA_OPTS_SINGLE_QUEUE) {
    state->queued = queued_in(c->single_fq);
    return true;
  }
  for_each_possible_cpu(cpu) state->queued += queued_in(per_cpu_ptr(c->percpu_fq, cpu));
#else
  for_each_possible_cpu(cpu) state->queued += queued_in(per_cpu_ptr(c->fq, cpu));
#endif
  return true;
}

struct timer_list* iovafuzz_queue_timer(struct iova_domain* iovad) {
  struct iommu_dma_cookie* c = &whole(iovad)->cookie;

  return c->fq_domain ? &c->fq_timer : NULL;
}

#endif
