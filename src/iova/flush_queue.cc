// SPDX-License-Identifier: GPL-2.0-only
#include "iova/flush_queue.h"

#include <cerrno>

namespace port::IOVAFUZZ_PORT {
namespace helper {

[[maybe_unused]] unsigned mask_of(const iova_fq_of_any_size* fq) { return fq->mod_mask; }
[[maybe_unused]] unsigned mask_of(const iova_fq_of_fixed_size*) { return IOVA_DEFAULT_FQ_SIZE - 1; }
[[maybe_unused]] void set_size(iova_fq_of_any_size* fq, size_t size) {
  fq->mod_mask = static_cast<unsigned>(size - 1);
}
[[maybe_unused]] void set_size(iova_fq_of_fixed_size*, size_t) {}

unsigned next(const iova_fq* fq, unsigned index) { return (index + 1) & mask_of(fq); }

// Bytes of a ring.
size_t size_of_ring([[maybe_unused]] size_t entries) {
  if constexpr (revision.single_flush_queue)
    return sizeof(iova_fq_of_any_size) + entries * sizeof(iova_fq_entry);
  else
    return sizeof(iova_fq);
}

// One of the types is the revision's; overloads keep the other from being looked at.
[[maybe_unused]] void initialize(iommu_pages_list* list) { INIT_LIST_HEAD(&list->pages); }
[[maybe_unused]] void initialize(list_head* list) { INIT_LIST_HEAD(list); }
[[maybe_unused]] void splice(iommu_pages_list* from, iommu_pages_list* to) {
  list_splice(&from->pages, &to->pages);
}
[[maybe_unused]] void splice(list_head* from, list_head* to) { list_splice(from, to); }
[[maybe_unused]] void put_pages(iommu_pages_list* list, const shim_site* site) {
  (iommu_put_pages_list)(list, site);
}
[[maybe_unused]] void put_pages(list_head* list, const shim_site* site) {
  (put_pages_list)(list, site);
}

iommu_dma_cookie* cookie_of(const iommu_domain* domain) {
  return reinterpret_cast<iommu_dma_cookie*>(domain->iova_cookie);
}

bool is_single(const iommu_dma_cookie* cookie) {
  return revision.single_flush_queue && cookie->options.qt == IOMMU_DMA_OPTS_SINGLE_QUEUE;
}

}  // namespace helper

namespace {

bool fq_full(iova_fq* fq) {
  assert_spin_locked(&fq->lock);
  return helper::next(fq, fq->tail) == fq->head;
}

unsigned fq_ring_add(iova_fq* fq) {
  assert_spin_locked(&fq->lock);
  unsigned index = fq->tail;
  fq->tail = helper::next(fq, index);
  return index;
}

// Releases what may be: counters grow along the ring, so the first that may not ends it. Equality
// is not enough: the flushes that have finished may be those that had started before.
void fq_ring_free_locked(iommu_dma_cookie* cookie, iova_fq* fq) {
  assert_spin_locked(&fq->lock);
  unsigned long long finished = cookie->fq_flush_finish_cnt;
  if (defect.queue_released_on_equality) finished++;
  while (fq->head != fq->tail) {
    iova_fq_entry* entry = &fq->entries[fq->head];
    if (entry->counter >= finished) break;
    helper::put_pages(&entry->freelist, SHIM_SITE);
    free_iova_fast(&cookie->iovad, entry->iova_pfn, entry->pages);
    if (revision.page_list_has_a_type && !defect.queue_reuses_page_list)
      helper::initialize(&entry->freelist);
    fq->head = helper::next(fq, fq->head);
  }
}

void fq_ring_free(iommu_dma_cookie* cookie, iova_fq* fq) {
  unsigned long flags;
  spin_lock_irqsave(&fq->lock, flags);
  fq_ring_free_locked(cookie, fq);
  spin_unlock_irqrestore(&fq->lock, flags);
}

void fq_flush_iotlb(iommu_dma_cookie* cookie) {
  cookie->fq_flush_start_cnt++;
  cookie->fq_domain->ops->flush_iotlb_all(cookie->fq_domain);
  cookie->fq_flush_finish_cnt++;
}

void fq_flush_timeout(timer_list* timer) {
  iommu_dma_cookie* cookie = static_cast<iommu_dma_cookie::flush_timer*>(timer)->cookie;
  // First, so that what is queued during the flush arms the timer again.
  if (!defect.queue_timer_flag_cleared_late) cookie->fq_timer_on = 0;
  fq_flush_iotlb(cookie);
  if (defect.queue_timer_flag_cleared_late) cookie->fq_timer_on = 0;
  if (helper::is_single(cookie)) {
    fq_ring_free(cookie, cookie->fq);
    return;
  }
  unsigned cpu;
  for_each_possible_cpu(cpu) {
    if (defect.queue_skips_offline_rings && !cpu_online(cpu)) continue;
    fq_ring_free(cookie, per_cpu_ptr(cookie->fq, cpu));
  }
}

void iommu_dma_init_one_fq(iova_fq* fq, size_t fq_size) {
  fq->head = fq->tail = 0;
  helper::set_size(fq, fq_size);
  spin_lock_init(&fq->lock);
  for (size_t i = 0; i < fq_size; i++) helper::initialize(&fq->entries[i].freelist);
}

int iommu_dma_init_fq_single(iommu_dma_cookie* cookie) {
  auto* queue = static_cast<iova_fq*>(vmalloc(helper::size_of_ring(cookie->options.fq_size)));
  if (!queue) return -ENOMEM;
  iommu_dma_init_one_fq(queue, cookie->options.fq_size);
  cookie->fq = queue;
  return 0;
}

// Before v6.7 this was a part of its caller, which the site then names.
int iommu_dma_init_fq_percpu(iommu_dma_cookie* cookie, const shim_site* site) {
  size_t fq_size = cookie->options.fq_size;
  auto* queue = static_cast<iova_fq*>(
      (__alloc_percpu)(helper::size_of_ring(fq_size), alignof(iova_fq), site));
  if (!queue) return -ENOMEM;
  unsigned cpu;
  for_each_possible_cpu(cpu) iommu_dma_init_one_fq(per_cpu_ptr(queue, cpu), fq_size);
  cookie->fq = queue;
  return 0;
}

int iommu_dma_init_fq_percpu(iommu_dma_cookie* cookie) {
  return iommu_dma_init_fq_percpu(cookie, SHIM_SITE);
}

void put_queued_pages(iova_fq* fq) {
  if (defect.queue_leaks_pages_at_teardown) return;
  for (unsigned i = fq->head; i != fq->tail; i = helper::next(fq, i))
    helper::put_pages(&fq->entries[i].freelist, SHIM_SITE);
}

}  // namespace

int iommu_dma_init_fq(iommu_domain* domain) {
  iommu_dma_cookie* cookie = helper::cookie_of(domain);
  if (cookie->fq_domain) return 0;
  cookie->fq_flush_start_cnt = cookie->fq_flush_finish_cnt = 0;
  int error = !revision.single_flush_queue ? iommu_dma_init_fq_percpu(cookie, SHIM_SITE)
              : helper::is_single(cookie)  ? iommu_dma_init_fq_single(cookie)
                                           : iommu_dma_init_fq_percpu(cookie);
  if (error) return error;
  cookie->fq_timer.cookie = cookie;
  timer_setup(&cookie->fq_timer, fq_flush_timeout, 0);
  cookie->fq_timer_on = 0;
  cookie->fq_domain = domain;  // last: from now on ranges are queued
  return 0;
}

void queue_iova(iommu_dma_cookie* cookie, unsigned long pfn, unsigned long pages,
                page_list* freelist) {
  iova_fq* fq = helper::is_single(cookie) ? cookie->fq : raw_cpu_ptr(cookie->fq);
  unsigned long flags;
  spin_lock_irqsave(&fq->lock, flags);
  // What flushes elsewhere have made free makes this one less likely.
  fq_ring_free_locked(cookie, fq);
  // While an older flush lasts elsewhere, one is not enough to release anything.
  while (fq_full(fq)) {
    fq_flush_iotlb(cookie);
    fq_ring_free_locked(cookie, fq);
    if (!revision.queue_flushes_until_room) break;
  }
  iova_fq_entry* entry = &fq->entries[fq_ring_add(fq)];
  entry->iova_pfn = pfn;
  entry->pages = pages;
  entry->counter = cookie->fq_flush_start_cnt;
  if (defect.queue_counts_finished_flushes) entry->counter = cookie->fq_flush_finish_cnt;
  helper::splice(freelist, &entry->freelist);
  spin_unlock_irqrestore(&fq->lock, flags);
  if (cookie->fq_timer_on) return;
  cookie->fq_timer_on = 1;
  mod_timer(&cookie->fq_timer, jiffies + msecs_to_jiffies(cookie->options.fq_timeout));
}

void iommu_dma_free_fq(iommu_dma_cookie* cookie) {
  if (!cookie->fq_domain) return;
  if (defect.queue_timer_not_waited_for)
    del_timer(&cookie->fq_timer);
  else
    timer_delete_sync(&cookie->fq_timer);
  if (helper::is_single(cookie)) {
    put_queued_pages(cookie->fq);
    vfree(cookie->fq);
    return;
  }
  unsigned cpu;
  for_each_possible_cpu(cpu) put_queued_pages(per_cpu_ptr(cookie->fq, cpu));
  free_percpu(cookie->fq);
}

}  // namespace port::IOVAFUZZ_PORT
