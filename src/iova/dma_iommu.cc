// SPDX-License-Identifier: GPL-2.0-only
// The port of the flush queue of drivers/iommu/dma-iommu.c, function by function in its order.
#include "iova/dma_iommu.h"

#include <cerrno>
#include <utility>

#include "iova/locks_left_out.h"

namespace port::IOVAFUZZ_PORT {

// A ring and a page list have one of two types each (single_flush_queue, page_list_has_a_type);
// overloads select the code for them.
namespace helper {

[[maybe_unused]] static inline unsigned mod_mask(const iova_fq_of_any_size* fq) {
  return fq->mod_mask;
}
[[maybe_unused]] static inline unsigned mod_mask(const iova_fq_of_fixed_size*) {
  return IOVA_DEFAULT_FQ_SIZE - 1;
}
[[maybe_unused]] static inline void set_size(iova_fq_of_any_size* fq, size_t fq_size) {
  fq->mod_mask = static_cast<unsigned>(fq_size - 1);
}
[[maybe_unused]] static inline void set_size(iova_fq_of_fixed_size*, size_t) {}

// The index after idx.
static inline unsigned next(const iova_fq* fq, unsigned idx) { return (idx + 1) & mod_mask(fq); }

// Size of a ring in bytes.
static inline size_t struct_size([[maybe_unused]] size_t fq_size) {
  if constexpr (revision.single_flush_queue)
    return sizeof(iova_fq_of_any_size) + fq_size * sizeof(iova_fq_entry);
  else
    return sizeof(iova_fq);
}

[[maybe_unused]] static inline void init_list(iommu_pages_list* list) {
  INIT_LIST_HEAD(&list->pages);
}
[[maybe_unused]] static inline void init_list(list_head* list) { INIT_LIST_HEAD(list); }
[[maybe_unused]] static inline void splice(iommu_pages_list* from, iommu_pages_list* to) {
  list_splice(&from->pages, &to->pages);
}
[[maybe_unused]] static inline void splice(list_head* from, list_head* to) {
  list_splice(from, to);
}
[[maybe_unused]] static inline void put_pages(iommu_pages_list* list, const shim_site* site) {
  (iommu_put_pages_list)(list, site);
}
[[maybe_unused]] static inline void put_pages(list_head* list, const shim_site* site) {
  (put_pages_list)(list, site);
}

static inline iommu_dma_cookie* cookie_of(const iommu_domain* domain) {
  return reinterpret_cast<iommu_dma_cookie*>(domain->iova_cookie);
}

static inline bool has_single_queue(const iommu_dma_cookie* cookie) {
  return revision.single_flush_queue && cookie->options.qt == IOMMU_DMA_OPTS_SINGLE_QUEUE;
}

}  // namespace helper

// Iterates from the oldest entry to the latest.
#define fq_ring_for_each(idx, fq) \
  for (idx = (fq)->head; idx != (fq)->tail; idx = helper::next(fq, idx))

static bool fq_full(iova_fq* fq) {
  assert_spin_locked(&fq->lock);
  return helper::next(fq, fq->tail) == fq->head;
}

static unsigned fq_ring_add(iova_fq* fq) {
  unsigned idx = fq->tail;

  assert_spin_locked(&fq->lock);
  fq->tail = helper::next(fq, idx);
  return idx;
}

// Releases entries up to the first that no finished flush covers: counters grow along the ring.
// Equality is not enough: the flushes that have finished may be those that had started before.
static void fq_ring_free_locked(iommu_dma_cookie* cookie, iova_fq* fq) {
  unsigned long long counter = atomic64_read(&cookie->fq_flush_finish_cnt);
  unsigned idx;

  if (defect.queue_released_on_equality) counter++;
  assert_spin_locked(&fq->lock);

  fq_ring_for_each(idx, fq) {
    iova_fq_entry* entry = &fq->entries[idx];

    if (entry->counter >= counter) break;

    if (defect.ring_unlocked_while_released) spin_unlock(&fq->lock);
    helper::put_pages(&entry->freelist, SHIM_SITE);
    if (defect.ring_unlocked_while_released) spin_lock(&fq->lock);
    free_iova_fast(&cookie->iovad, entry->iova_pfn, entry->pages);
    if (revision.page_list_has_a_type && !defect.queue_reuses_page_list)
      helper::init_list(&entry->freelist);
    fq->head = helper::next(fq, fq->head);
  }
}

static void fq_ring_free(iommu_dma_cookie* cookie, iova_fq* fq) {
  unsigned long flags;

  spin_lock_irqsave(&fq->lock, flags);
  fq_ring_free_locked(cookie, fq);
  spin_unlock_irqrestore(&fq->lock, flags);
}

static void fq_flush_iotlb(iommu_dma_cookie* cookie) {
  if (defect.queue_counts_flushes_plainly)
    cookie->fq_flush_start_cnt.counter++;
  else
    atomic64_inc(&cookie->fq_flush_start_cnt);
  cookie->fq_domain->ops->flush_iotlb_all(cookie->fq_domain);
  atomic64_inc(&cookie->fq_flush_finish_cnt);
}

static void fq_flush_timeout(timer_list* t) {
  iommu_dma_cookie* cookie = static_cast<iommu_dma_cookie::flush_timer*>(t)->cookie;
  unsigned cpu;

  // Cleared first, so that a range queued during the flush arms the timer again.
  if (!defect.queue_timer_flag_cleared_late) atomic_set(&cookie->fq_timer_on, 0);
  fq_flush_iotlb(cookie);
  if (defect.queue_timer_flag_cleared_late) atomic_set(&cookie->fq_timer_on, 0);

  if (helper::has_single_queue(cookie)) {
    fq_ring_free(cookie, cookie->single_fq);
  } else {
    for_each_possible_cpu(cpu) {
      if (defect.queue_skips_offline_rings && !cpu_online(cpu)) continue;
      fq_ring_free(cookie, per_cpu_ptr(cookie->percpu_fq, cpu));
    }
  }
}

bool iommu_dma_queues(const iommu_dma_cookie* cookie) { return shim_read_aside(cookie->fq_domain); }

void queue_iova(iommu_dma_cookie* cookie, unsigned long pfn, unsigned long pages,
                page_list* freelist) {
  iova_fq* fq;
  unsigned long flags;
  unsigned idx;

  // The driver has cleared page-table entries. A flush on another CPU that misses them must not
  // count for this range. The barrier also makes the whole queue visible to a CPU that has read
  // fq_domain.
  const uint64_t early_counter =
      defect.queue_counts_before_barrier ? atomic64_read(&cookie->fq_flush_start_cnt) : 0;
  if (!defect.queue_barrier_dropped) smp_mb();

  if (helper::has_single_queue(cookie))
    fq = cookie->single_fq;
  else
    fq = raw_cpu_ptr(cookie->percpu_fq);

  const bool had_room = defect.ring_measured_before_lock && helper::next(fq, fq->tail) != fq->head;
  spin_lock_irqsave(&fq->lock, flags);

  // Entries that a flush on another CPU has covered make room without a further flush.
  fq_ring_free_locked(cookie, fq);

  // While an older flush is in flight on another CPU, one more flush may release nothing.
  while (!had_room && fq_full(fq)) {
    fq_flush_iotlb(cookie);
    fq_ring_free_locked(cookie, fq);
    if (!revision.queue_flushes_until_room) break;
  }

  idx = fq_ring_add(fq);
  if (defect.ring_unlocked_before_filled) spin_unlock_irqrestore(&fq->lock, flags);
  fq->entries[idx].iova_pfn = pfn;
  fq->entries[idx].pages = pages;
  fq->entries[idx].counter =
      atomic64_read(defect.queue_counts_finished_flushes ? &cookie->fq_flush_finish_cnt
                                                         : &cookie->fq_flush_start_cnt);
  if (defect.queue_counts_before_barrier) fq->entries[idx].counter = early_counter;
  helper::splice(freelist, &fq->entries[idx].freelist);
  if (!defect.ring_unlocked_before_filled) spin_unlock_irqrestore(&fq->lock, flags);

  // atomic_xchg() selects one of several CPUs that read 0 at the same time.
  if (defect.queue_timer_flag_plain
          ? !std::exchange(cookie->fq_timer_on.counter, 1)
          : !atomic_read(&cookie->fq_timer_on) && !atomic_xchg(&cookie->fq_timer_on, 1))
    mod_timer(&cookie->fq_timer, jiffies + msecs_to_jiffies(cookie->options.fq_timeout));
}

static void iommu_dma_free_fq_single(iova_fq* fq) {
  unsigned idx;

  if (!defect.queue_leaks_pages_at_teardown)
    fq_ring_for_each(idx, fq) helper::put_pages(&fq->entries[idx].freelist, SHIM_SITE);
  vfree(fq);
}

static void iommu_dma_free_fq_percpu(iova_fq* percpu_fq) {
  unsigned cpu, idx;

  for_each_possible_cpu(cpu) {
    iova_fq* fq = per_cpu_ptr(percpu_fq, cpu);

    if (defect.queue_leaks_pages_at_teardown) continue;
    fq_ring_for_each(idx, fq) helper::put_pages(&fq->entries[idx].freelist, SHIM_SITE);
  }
  free_percpu(percpu_fq);
}

void iommu_dma_free_fq(iommu_dma_cookie* cookie) {
  if (!cookie->fq_domain) return;

  if (defect.queue_timer_not_waited_for)
    del_timer(&cookie->fq_timer);
  else
    timer_delete_sync(&cookie->fq_timer);
  if (helper::has_single_queue(cookie))
    iommu_dma_free_fq_single(cookie->single_fq);
  else
    iommu_dma_free_fq_percpu(cookie->percpu_fq);
}

static void iommu_dma_init_one_fq(iova_fq* fq, size_t fq_size) {
  fq->head = 0;
  fq->tail = 0;
  helper::set_size(fq, fq_size);

  spin_lock_init(&fq->lock);

  for (size_t i = 0; i < fq_size; i++) helper::init_list(&fq->entries[i].freelist);
}

static int iommu_dma_init_fq_single(iommu_dma_cookie* cookie) {
  size_t fq_size = cookie->options.fq_size;
  iova_fq* queue;

  queue = static_cast<iova_fq*>(vmalloc(helper::struct_size(fq_size)));
  if (!queue) return -ENOMEM;
  iommu_dma_init_one_fq(queue, fq_size);
  cookie->single_fq = queue;
  return 0;
}

// site: before v6.7 this code was part of its caller, so reports name the caller.
static int iommu_dma_init_fq_percpu(iommu_dma_cookie* cookie, const shim_site* site) {
  size_t fq_size = cookie->options.fq_size;
  iova_fq* queue;
  unsigned cpu;

  queue =
      static_cast<iova_fq*>((__alloc_percpu)(helper::struct_size(fq_size), alignof(iova_fq), site));
  if (!queue) return -ENOMEM;

  for_each_possible_cpu(cpu) iommu_dma_init_one_fq(per_cpu_ptr(queue, cpu), fq_size);
  cookie->percpu_fq = queue;
  return 0;
}

static int iommu_dma_init_fq_percpu(iommu_dma_cookie* cookie) {
  return iommu_dma_init_fq_percpu(cookie, SHIM_SITE);
}

int iommu_dma_init_fq(iommu_domain* domain) {
  iommu_dma_cookie* cookie = helper::cookie_of(domain);
  int rc;

  if (cookie->fq_domain) return 0;

  atomic64_set(&cookie->fq_flush_start_cnt, 0);
  atomic64_set(&cookie->fq_flush_finish_cnt, 0);

  if (helper::has_single_queue(cookie))
    rc = iommu_dma_init_fq_single(cookie);
  else if (revision.single_flush_queue)
    rc = iommu_dma_init_fq_percpu(cookie);
  else
    rc = iommu_dma_init_fq_percpu(cookie, SHIM_SITE);

  if (rc) return rc;

  cookie->fq_timer.cookie = cookie;
  timer_setup(&cookie->fq_timer, fq_flush_timeout, 0);
  atomic_set(&cookie->fq_timer_on, 0);
  // Published last: from here on, all CPUs may queue ranges.
  if (!defect.queue_published_without_barrier) smp_wmb();
  if (defect.queue_published_plainly)
    cookie->fq_domain = domain;
  else
    WRITE_ONCE(cookie->fq_domain, domain);
  return 0;
}

}  // namespace port::IOVAFUZZ_PORT
