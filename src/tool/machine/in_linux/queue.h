/* SPDX-License-Identifier: GPL-2.0-only */
/* Domains with the flush queue of dma-iommu.c, if the machine has it. */
#ifndef IOVAFUZZ_QUEUE_H
#define IOVAFUZZ_QUEUE_H

#include <linux/iova.h>
#include <linux/slab.h>
#include <linux/timer.h>

#include "iovafuzz_tree.h" /* features of the tree's sources */

#if defined(CONFIG_IOMMU_DMA) && TREE_HAS_QUEUE
#define CAN_QUEUE 1
#else
#define CAN_QUEUE 0
#endif

#if !TREE_HAS_TIMER_DELETE
#define timer_delete del_timer
#endif

struct queue_state {
  unsigned int queued; /* all rings together */
  unsigned long long started, finished;
};

#if CAN_QUEUE

struct iova_domain* iovafuzz_new_domain(void);
void iovafuzz_free_domain(struct iova_domain* iovad);
int iovafuzz_init_queue(struct iova_domain* iovad, bool single);
/* iovafuzz_queue() passes the listed pages to the queue; the caller frees the struct itself. */
struct iovafuzz_pages;
struct iovafuzz_pages* iovafuzz_new_pages(unsigned long pages);
void iovafuzz_queue(struct iova_domain* iovad, unsigned long pfn, unsigned long size,
                    struct iovafuzz_pages* pages);
void iovafuzz_end_queue(struct iova_domain* iovad);
/* Returns false if the domain has no queue. */
bool iovafuzz_queue_state(struct iova_domain* iovad, struct queue_state* state);
struct timer_list* iovafuzz_queue_timer(struct iova_domain* iovad);

/* The hardware flush; implemented by the replay module. */
void iovafuzz_flush_hardware(void);

#else

static inline struct iova_domain* iovafuzz_new_domain(void) {
  return kzalloc(sizeof(struct iova_domain), GFP_KERNEL | __GFP_NOFAIL);
}
static inline void iovafuzz_free_domain(struct iova_domain* iovad) { kfree(iovad); }
static inline void iovafuzz_end_queue(struct iova_domain* iovad) {}
static inline bool iovafuzz_queue_state(struct iova_domain* iovad, struct queue_state* state) {
  return false;
}
static inline struct timer_list* iovafuzz_queue_timer(struct iova_domain* iovad) { return NULL; }

#endif

#endif
