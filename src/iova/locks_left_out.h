// SPDX-License-Identifier: GPL-2.0-only
// Locks that planted defects leave out, one row for each place: the function, and the lock's
// expression in it. The macros below consult the table, so that iova.cc and dma_iommu.cc read as if
// they took every lock, like upstream. Only these two files include this header, after the shim's,
// whose lock macros it replaces.
#pragma once

#include <string_view>

#include "iova/iova.h"

namespace port::IOVAFUZZ_PORT::helper {

struct LeftOut {
  bool Defects::*flag;
  std::string_view function, lock;
};

inline constexpr LeftOut locks_left_out[] = {
    {&Defects::request_unlocked, "__alloc_and_insert_iova_range", "&iovad->iova_rbtree_lock"},
    {&Defects::lookup_unlocked, "find_iova", "&iovad->iova_rbtree_lock"},
    {&Defects::free_by_node_unlocked, "__free_iova", "&iovad->iova_rbtree_lock"},
    {&Defects::free_unlocked, "free_iova", "&iovad->iova_rbtree_lock"},
    {&Defects::reservation_unlocked, "reserve_iova", "&iovad->iova_rbtree_lock"},
    {&Defects::magazine_emptied_without_tree_lock, "iova_magazine_free_pfns",
     "&iovad->iova_rbtree_lock"},
    {&Defects::magazine_filled_unlocked, "__iova_rcache_insert", "&cpu_rcache->lock"},
    {&Defects::magazine_drained_unlocked, "__iova_rcache_get", "&cpu_rcache->lock"},
    {&Defects::magazines_flushed_unlocked, "free_cpu_cached_iovas", "&cpu_rcache->lock"},
    {&Defects::depot_pushed_unlocked, "__iova_rcache_insert", "&rcache->lock"},
    {&Defects::depot_popped_unlocked, "__iova_rcache_get", "&rcache->lock"},
    {&Defects::depot_flushed_unlocked, "free_global_cached_iovas", "&rcache->lock"},
    {&Defects::depot_trimmed_unlocked, "iova_depot_work_func", "&rcache->lock"},
    {&Defects::cache_get_unlocked, "iova_cache_get", "&iova_cache_mutex"},
    {&Defects::cache_put_unlocked, "iova_cache_put", "&iova_cache_mutex"},
    {&Defects::ring_filled_unlocked, "queue_iova", "&fq->lock"},
    {&Defects::ring_released_unlocked, "fq_ring_free", "&fq->lock"},
};

// The row of a place, or NULL.
constexpr const LeftOut* left_out_at(std::string_view function, std::string_view lock) {
  for (const LeftOut& place : locks_left_out)
    if (place.function == function && place.lock == lock) return &place;
  return nullptr;
}

}  // namespace port::IOVAFUZZ_PORT::helper

// A place without a row compiles to a plain lock call.
#define IOVAFUZZ_IS_LOCKED(lock)                                          \
  ({                                                                      \
    constexpr const auto* place = helper::left_out_at(__func__, #lock);   \
    bool is_locked = true;                                                \
    if constexpr (place != nullptr) is_locked = !(defect.*(place->flag)); \
    is_locked;                                                            \
  })

#undef spin_lock
#undef spin_unlock
#undef spin_lock_irqsave
#undef spin_unlock_irqrestore
#undef mutex_lock
#undef mutex_unlock
#define spin_lock(lock) (IOVAFUZZ_IS_LOCKED(lock) ? (spin_lock)((lock), SHIM_SITE) : void())
#define spin_unlock(lock) (IOVAFUZZ_IS_LOCKED(lock) ? (spin_unlock)((lock), SHIM_SITE) : void())
#define spin_lock_irqsave(lock, flags) \
  ((flags) = IOVAFUZZ_IS_LOCKED(lock) ? shim_spin_lock_irqsave((lock), SHIM_SITE) : 0)
#define spin_unlock_irqrestore(lock, flags) \
  (IOVAFUZZ_IS_LOCKED(lock) ? (spin_unlock_irqrestore)((lock), (flags), SHIM_SITE) : void())
#define mutex_lock(lock) (IOVAFUZZ_IS_LOCKED(lock) ? (mutex_lock)((lock), SHIM_SITE) : void())
#define mutex_unlock(lock) (IOVAFUZZ_IS_LOCKED(lock) ? (mutex_unlock)((lock), SHIM_SITE) : void())
