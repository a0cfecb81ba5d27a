// SPDX-License-Identifier: GPL-2.0-only
// The slab caches that all domains share, and the reference count on them.
#include <cerrno>

#include "iova/iova.h"

namespace port::IOVAFUZZ_PORT {
namespace {

kmem_cache* iova_cache;
kmem_cache* iova_magazine_cache;
unsigned iova_cache_users;
DEFINE_MUTEX(iova_cache_mutex);

}  // namespace

int iova_cache_get() {
  int err = 0;
  mutex_lock(&iova_cache_mutex);
  if (!iova_cache_users) {
    if (!revision.caches_before_hotplug)
      err = cpuhp_setup_state_multi(CPUHP_IOMMU_IOVA_DEAD, "iommu/iova:dead", nullptr,
                                    iova_cpuhp_dead);
    if (!err) {
      iova_cache =
          kmem_cache_create("iommu_iova", sizeof(iova), 0, SLAB_HWCACHE_ALIGN, nullptr);
      if (!iova_cache) {
        err = -ENOMEM;
        if (!revision.caches_before_hotplug) cpuhp_remove_multi_state(CPUHP_IOMMU_IOVA_DEAD);
      }
    }
    if (!err && revision.named_magazine_cache) {
      iova_magazine_cache = kmem_cache_create("iommu_iova_magazine", sizeof(iova_magazine), 0,
                                              SLAB_HWCACHE_ALIGN, nullptr);
      if (!iova_magazine_cache) err = -ENOMEM;
    }
    if (!err && revision.caches_before_hotplug)
      err = cpuhp_setup_state_multi(CPUHP_IOMMU_IOVA_DEAD, "iommu/iova:dead", nullptr,
                                    iova_cpuhp_dead);
    if (err && revision.caches_before_hotplug) {
      // Unless pointers are cleared, one may be stale here: its cache was destroyed by the last
      // put or failed get, and not created anew yet.
      kmem_cache_destroy(iova_cache);
      kmem_cache_destroy(iova_magazine_cache);
      if (revision.cache_pointers_cleared) iova_cache = iova_magazine_cache = nullptr;
    }
  }
  if (!err || defect.failed_get_counts) iova_cache_users++;
  if (!err || !defect.failed_get_keeps_mutex) mutex_unlock(&iova_cache_mutex);
  return err;
}

void iova_cache_put() {
  mutex_lock(&iova_cache_mutex);
  if (!WARN_ON(!iova_cache_users) && --iova_cache_users <= defect.cache_put_destroys_early) {
    cpuhp_remove_multi_state(CPUHP_IOMMU_IOVA_DEAD);
    kmem_cache_destroy(iova_cache);
    kmem_cache_destroy(iova_magazine_cache);  // NULL before v6.9
    if (revision.cache_pointers_cleared) iova_cache = iova_magazine_cache = nullptr;
  }
  mutex_unlock(&iova_cache_mutex);
}

iova* alloc_iova_mem() {
  constexpr gfp_t flags = GFP_ATOMIC | __GFP_NOWARN;
  return static_cast<iova*>(defect.anchor_lookalike_leak ? kmem_cache_alloc(iova_cache, flags)
                                                         : kmem_cache_zalloc(iova_cache, flags));
}

// The anchor is part of its domain and must not be freed; it is told by its pfn.
void free_iova_mem(iova* iova) {
  if (iova->pfn_lo != IOVA_ANCHOR) kmem_cache_free(iova_cache, iova);
}

iova_magazine* iova_magazine_alloc(gfp_t flags) {
  if (!revision.named_magazine_cache)
    return static_cast<iova_magazine*>(kzalloc(sizeof(iova_magazine), flags));
  auto* mag = static_cast<iova_magazine*>(kmem_cache_alloc(iova_magazine_cache, flags));
  if (mag) mag->size = 0;
  return mag;
}

void iova_magazine_free(iova_magazine* mag) {
  if (!revision.named_magazine_cache)
    kfree(mag);
  else if (!revision.magazine_free_checks_null || mag)
    kmem_cache_free(iova_magazine_cache, mag);
}

void reset_statics() {
  iova_cache = iova_magazine_cache = nullptr;
  iova_cache_users = 0;
}

}  // namespace port::IOVAFUZZ_PORT
