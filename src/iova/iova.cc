// SPDX-License-Identifier: GPL-2.0-only
// The port of drivers/iommu/iova.c, function by function in its order. limit_pfn is exclusive in
// functions that are not public, except in those that work on one bin or magazine.
#include "iova/iova.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <iterator>
#include <new>
#include <utility>

#include "iova/locks_left_out.h"

namespace port::IOVAFUZZ_PORT {

static bool iova_rcache_insert(iova_domain* iovad, unsigned long pfn, unsigned long size);
static unsigned long iova_rcache_get(iova_domain* iovad, unsigned long size,
                                     unsigned long limit_pfn);
static void free_iova_rcaches(iova_domain* iovad);
static void free_cpu_cached_iovas(unsigned cpu, iova_domain* iovad);
static void free_global_cached_iovas(iova_domain* iovad);

// Library functions of the kernel, and functions that upstream lacks. Reports name their callers
// instead.
namespace helper {

static inline bool is_power_of_2(unsigned long n) { return std::has_single_bit(n); }
static inline unsigned fls_long(unsigned long n) {
  return static_cast<unsigned>(std::bit_width(n));
}
static inline unsigned long roundup_pow_of_two(unsigned long n) { return std::bit_ceil(n); }
static inline unsigned order_base_2(unsigned long n) { return fls_long(n - 1); }

static inline iova* rb_next(iova_domain* iovad, iova* node) {
  shim_count_step();
  return &*std::next(iovad->rbroot.iterator_to(*node));
}

// Returns NULL for the first node.
static inline iova* rb_prev(iova_domain* iovad, iova* node) {
  shim_count_step();
  auto at = iovad->rbroot.iterator_to(*node);
  return at == iovad->rbroot.begin() ? nullptr : &*std::prev(at);
}

static inline void rb_erase(iova_domain* iovad, iova* node) {
  shim_count_step();
  iovad->rbroot.erase(iovad->rbroot.iterator_to(*node));
}

// With lazy_magazines, a magazine may not have been allocated yet.
static inline bool exists(const iova_magazine* mag) { return !revision.lazy_magazines || mag; }

// A bin has one of two types (depot_is_list). Overloads select the code for it.
[[maybe_unused]] static inline bool depot_full(const iova_rcache_with_array* rcache) {
  return rcache->depot_size == MAX_GLOBAL_MAGS + defect.array_depot_overflows;
}
[[maybe_unused]] static inline bool depot_full(const iova_rcache_with_list*) { return false; }

template <class Rcache>
static inline delayed_work* depot_work(Rcache* rcache) {
  if constexpr (revision.depot_is_list)
    return &rcache->work;
  else
    return nullptr;  // callers check first
}

[[maybe_unused]] static inline void set_domain(iova_rcache_with_list* rcache, iova_domain* iovad) {
  rcache->iovad = iovad;
}
[[maybe_unused]] static inline void set_domain(iova_rcache_with_array*, iova_domain*) {}

}  // namespace helper

void init_iova_domain(iova_domain* iovad, unsigned long granule, unsigned long start_pfn) {
  BUG_ON(granule > PAGE_SIZE || !helper::is_power_of_2(granule));

  spin_lock_init(&iovad->iova_rbtree_lock);
  new (&iovad->rbroot) iova_tree;
  iovad->cached_node = &iovad->anchor;
  iovad->cached32_node = &iovad->anchor;
  iovad->granule = granule;
  iovad->start_pfn = start_pfn;
  iovad->dma_32bit_pfn =
      1ul << (32 - (defect.dma32_ignores_granule ? PAGE_SHIFT : iova_shift(iovad)));
  iovad->max32_alloc_size = iovad->dma_32bit_pfn;
  iovad->anchor.pfn_lo = iovad->anchor.pfn_hi = IOVA_ANCHOR;
  iovad->rbroot.insert(iovad->anchor);
}

static iova* __get_cached_rbnode(iova_domain* iovad, unsigned long limit_pfn) {
  if (limit_pfn <= iovad->dma_32bit_pfn) return iovad->cached32_node;
  return iovad->cached_node;
}

static void __cached_rbnode_insert_update(iova_domain* iovad, iova* new_iova) {
  if (new_iova->pfn_hi < iovad->dma_32bit_pfn)
    iovad->cached32_node = new_iova;
  else
    iovad->cached_node = new_iova;
}

static void __cached_rbnode_delete_update(iova_domain* iovad, iova* free) {
  iova* cached_iova = iovad->cached32_node;
  bool moves = free == cached_iova ||
               (free->pfn_hi < iovad->dma_32bit_pfn && free->pfn_lo >= cached_iova->pfn_lo &&
                !defect.cached32_ignores_frees_above);
  if (moves) iovad->cached32_node = helper::rb_next(iovad, free);

  unsigned long freed_pfn = defect.hint_outlives_straddling_free ? free->pfn_hi : free->pfn_lo;
  if (freed_pfn < iovad->dma_32bit_pfn && (moves || !defect.max32_not_reset))
    iovad->max32_alloc_size = iovad->dma_32bit_pfn;

  cached_iova = iovad->cached_node;
  if (free->pfn_lo >= cached_iova->pfn_lo) iovad->cached_node = helper::rb_next(iovad, free);
}

// The node where a walk of all space below the limit starts. Above it there is no such space.
static iova* iova_find_limit(iova_domain* iovad, unsigned long limit_pfn) {
  if (limit_pfn > iovad->dma_32bit_pfn) return &iovad->anchor;

  auto at = iovad->rbroot.lower_bound(limit_pfn);
  // The node before it may extend beyond the limit; then there is no space between the two.
  if (at != iovad->rbroot.begin() && std::prev(at)->pfn_hi >= limit_pfn) --at;
  return &*at;
}

// start: the node above the new one, or NULL to search for the place.
static void iova_insert_rbtree(iova_tree& root, iova* iova, struct iova* start) {
  if (start) {
    root.insert_before(root.iterator_to(*start), *iova);
    return;
  }
  bool inserted = root.insert(*iova).second;
  WARN_ON(!inserted);
}

static int __alloc_and_insert_iova_range(iova_domain* iovad, unsigned long size,
                                         unsigned long limit_pfn, iova* new_iova, bool size_aligned,
                                         unsigned long lowest_pfn) {
  iova *curr, *prev;
  unsigned long flags;
  unsigned long new_pfn, retry_pfn;
  unsigned long align_mask = ~0ul;
  unsigned long high_pfn = limit_pfn, low_pfn = std::max(iovad->start_pfn, lowest_pfn);
  unsigned long max32_alloc_size = 0;
  bool retried = false;  // upstream compares low_pfn to start_pfn; here lowest_pfn may raise it

  if (defect.aligned_size_rounding && size_aligned) size = helper::roundup_pow_of_two(size);
  if (size_aligned) align_mask <<= helper::fls_long(size - 1);

  if (defect.hint_read_unlocked) max32_alloc_size = iovad->max32_alloc_size;
  spin_lock_irqsave(&iovad->iova_rbtree_lock, flags);
  if (!defect.hint_read_unlocked) max32_alloc_size = iovad->max32_alloc_size;
  if (limit_pfn <= iovad->dma_32bit_pfn && (size_aligned || !revision.hint_spares_unaligned) &&
      size >= max32_alloc_size) {
    if (defect.max32_raised_by_fast_fail) iovad->max32_alloc_size = size;
    if (defect.lock_kept_on_refusal) return -ENOMEM;
    goto iova32_full;
  }

  // The first walk starts where the last search ended; the second covers the space above that.
  curr = __get_cached_rbnode(iovad, limit_pfn);
  retry_pfn = curr->pfn_hi;

retry:
  do {
    high_pfn = std::min(high_pfn, curr->pfn_lo);
    new_pfn = (high_pfn - size) & align_mask;
    prev = curr;
    curr = helper::rb_prev(iovad, curr);
  } while (curr && new_pfn <= curr->pfn_hi && new_pfn >= low_pfn);

  // If high_pfn < size, the subtraction wrapped.
  if ((high_pfn < size && !defect.walk_underflow) || new_pfn < low_pfn ||
      (defect.start_pfn_unallocatable && new_pfn == iovad->start_pfn)) {
    if (!retried && retry_pfn < limit_pfn && !defect.no_second_pass) {
      retried = true;
      high_pfn = limit_pfn;
      low_pfn = retry_pfn + 1;
      curr = iova_find_limit(iovad, limit_pfn);
      goto retry;
    }
    if (defect.hint_lowered_after_unlock) spin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);
    if (!revision.hint_from_full_walk_only)
      iovad->max32_alloc_size = size;
    else if (limit_pfn == iovad->dma_32bit_pfn)
      iovad->max32_alloc_size = std::min(iovad->max32_alloc_size, size);
    if (defect.hint_lowered_after_unlock) return -ENOMEM;
    goto iova32_full;
  }

  if (defect.tree_unlocked_before_insertion) {
    spin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);
    spin_lock_irqsave(&iovad->iova_rbtree_lock, flags);
  }
  new_iova->pfn_lo = new_pfn;
  new_iova->pfn_hi = new_pfn + size - 1;

  iova_insert_rbtree(iovad->rbroot, new_iova, prev);
  if (!defect.hints_moved_after_unlock) __cached_rbnode_insert_update(iovad, new_iova);

  spin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);
  if (defect.hints_moved_after_unlock) __cached_rbnode_insert_update(iovad, new_iova);
  return 0;

iova32_full:
  spin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);
  return -ENOMEM;
}

static kmem_cache* iova_cache;
static unsigned iova_cache_users;
static DEFINE_MUTEX(iova_cache_mutex);

static iova* alloc_iova_mem() {
  constexpr gfp_t flags = GFP_ATOMIC | __GFP_NOWARN;
  return static_cast<iova*>(defect.anchor_lookalike_leak ? kmem_cache_alloc(iova_cache, flags)
                                                         : kmem_cache_zalloc(iova_cache, flags));
}

// The anchor is embedded in its domain and must not be freed. Its pfn identifies it.
static void free_iova_mem(iova* iova) {
  if (iova->pfn_lo != IOVA_ANCHOR) kmem_cache_free(iova_cache, iova);
}

iova* alloc_iova(iova_domain* iovad, unsigned long size, unsigned long limit_pfn, bool size_aligned,
                 unsigned long lowest_pfn) {
  iova* new_iova;
  int ret;

  if (revision.takes_any_limit && limit_pfn == ~0ul) limit_pfn--;
  new_iova = alloc_iova_mem();
  if (!new_iova) return nullptr;

  ret =
      __alloc_and_insert_iova_range(iovad, size, limit_pfn + 1, new_iova, size_aligned, lowest_pfn);
  if (ret) {
    free_iova_mem(new_iova);
    return nullptr;
  }
  return new_iova;
}

static iova* private_find_iova(iova_domain* iovad, unsigned long pfn) {
  assert_spin_locked(&iovad->iova_rbtree_lock);

  auto above = iovad->rbroot.upper_bound(pfn);
  if (above == iovad->rbroot.begin()) return nullptr;
  iova* iova = &*std::prev(above);
  return pfn <= iova->pfn_hi - defect.range_end_excluded ? iova : nullptr;
}

static void remove_iova(iova_domain* iovad, iova* iova) {
  assert_spin_locked(&iovad->iova_rbtree_lock);
  __cached_rbnode_delete_update(iovad, iova);
  helper::rb_erase(iovad, iova);
}

iova* find_iova(iova_domain* iovad, unsigned long pfn) {
  unsigned long flags;
  iova* iova;

  spin_lock_irqsave(&iovad->iova_rbtree_lock, flags);
  iova = private_find_iova(iovad, pfn);
  spin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);
  return iova;
}

void __free_iova(iova_domain* iovad, iova* iova) {
  unsigned long flags;

  spin_lock_irqsave(&iovad->iova_rbtree_lock, flags);
  remove_iova(iovad, iova);
  spin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);
  free_iova_mem(iova);
}

void free_iova(iova_domain* iovad, unsigned long pfn) {
  unsigned long flags;
  iova* iova;

  if (defect.irqs_on_in_free)
    spin_lock(&iovad->iova_rbtree_lock);
  else
    spin_lock_irqsave(&iovad->iova_rbtree_lock, flags);
  iova = private_find_iova(iovad, pfn);
  if (iova) remove_iova(iovad, iova);
  if (defect.irqs_on_in_free)
    spin_unlock(&iovad->iova_rbtree_lock);
  else
    spin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);
  if (iova) free_iova_mem(iova);
}

unsigned long alloc_iova_fast(iova_domain* iovad, unsigned long size, unsigned long limit_pfn,
                              bool flush_rcache) {
  unsigned long iova_pfn;
  iova* new_iova;

  // A cacheable range must fill its bin's size, or its reuse would overlap. The caller frees with
  // the unrounded size, which has the same order.
  if (size < 1ul << (IOVA_RANGE_CACHE_MAX_SIZE - 1)) size = helper::roundup_pow_of_two(size);

  if (revision.takes_any_limit && limit_pfn == ~0ul) limit_pfn--;
  iova_pfn = iova_rcache_get(iovad, size, limit_pfn + 1);
  if (iova_pfn) return iova_pfn;

retry:
  new_iova = alloc_iova(iovad, size, limit_pfn, true, revision.fast_spares_pfn_0 ? 1 : 0);
  if (!new_iova) {
    unsigned cpu;

    if (!flush_rcache) return 0;

    flush_rcache = false;
    for_each_online_cpu(cpu) {
      if (defect.flush_skips_other_cpus && cpu != raw_smp_processor_id()) continue;
      free_cpu_cached_iovas(cpu, iovad);
    }
    free_global_cached_iovas(iovad);
    if (defect.no_retry_after_flush) return 0;
    goto retry;
  }
  return new_iova->pfn_lo;
}

void free_iova_fast(iova_domain* iovad, unsigned long pfn, unsigned long size) {
  if (iova_rcache_insert(iovad, pfn, size)) return;
  free_iova(iovad, pfn);
}

static void iova_domain_free_rcaches(iova_domain* iovad) {
  if (!defect.hotplug_instance_left)
    cpuhp_state_remove_instance_nocalls(CPUHP_IOMMU_IOVA_DEAD, &iovad->cpuhp_dead);
  free_iova_rcaches(iovad);
}

void put_iova_domain(iova_domain* iovad) {
  if (iovad->rcaches) iova_domain_free_rcaches(iovad);
  iovad->rbroot.clear_and_dispose(free_iova_mem);
}

static bool __is_range_overlap(const iova* iova, unsigned long pfn_lo, unsigned long pfn_hi) {
  unsigned long gap = defect.reservation_merges_across_gap ? 2 : 0;
  return pfn_lo <= iova->pfn_hi && pfn_hi + gap >= iova->pfn_lo;
}

// spare: memory for the node, or NULL (reserve_is_atomic).
static iova* alloc_and_init_iova(unsigned long pfn_lo, unsigned long pfn_hi, iova* spare) {
  iova* iova = spare ? spare : alloc_iova_mem();
  if (iova) {
    iova->pfn_lo = pfn_lo;
    iova->pfn_hi = pfn_hi;
  }
  return iova;
}

static iova* __insert_new_range(iova_domain* iovad, unsigned long pfn_lo, unsigned long pfn_hi,
                                iova* spare) {
  iova* iova = alloc_and_init_iova(pfn_lo, pfn_hi, spare);
  if (iova) iova_insert_rbtree(iovad->rbroot, iova, nullptr);
  return iova;
}

// Widens the range down to pfn_lo. The part above its end remains in pfn_lo and pfn_hi.
static void __adjust_overlap_range(iova* iova, unsigned long* pfn_lo, unsigned long* pfn_hi) {
  if (*pfn_lo < iova->pfn_lo) iova->pfn_lo = *pfn_lo;
  if (*pfn_hi > iova->pfn_hi) *pfn_lo = iova->pfn_hi + 1;
}

// Whether a part of the range remains, after widening the overlapping nodes, that needs a new node.
namespace helper {
static inline bool needs_new_node(const iova_domain* iovad, unsigned long pfn_lo,
                                  unsigned long pfn_hi) {
  for (const iova& node : iovad->rbroot)
    if (__is_range_overlap(&node, pfn_lo, pfn_hi) && pfn_hi <= node.pfn_hi) return false;
  return true;
}
}  // namespace helper

iova* reserve_iova(iova_domain* iovad, unsigned long pfn_lo, unsigned long pfn_hi) {
  unsigned long flags;
  iova* iova;
  struct iova* spare = nullptr;
  bool overlap = false;

  if (WARN_ON((pfn_hi | pfn_lo) > ~0ull >> iova_shift(iovad))) return nullptr;

  spin_lock_irqsave(&iovad->iova_rbtree_lock, flags);
  if (revision.reserve_is_atomic && helper::needs_new_node(iovad, pfn_lo, pfn_hi)) {
    spare = iova = alloc_iova_mem();
    if (!spare) goto finish;
  }
  for (struct iova& node : iovad->rbroot) {
    if (__is_range_overlap(&node, pfn_lo, pfn_hi)) {
      iova = &node;
      __adjust_overlap_range(iova, &pfn_lo, &pfn_hi);
      if (pfn_lo >= iova->pfn_lo && pfn_hi <= iova->pfn_hi) goto finish;
      overlap = true;
    } else if (overlap) {
      break;
    }
  }

  if (defect.reservation_unlocked_before_insertion) {
    spin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);
    spin_lock_irqsave(&iovad->iova_rbtree_lock, flags);
  }
  // No range overlaps, or all that overlap end below pfn_hi.
  iova = __insert_new_range(iovad, pfn_lo, pfn_hi, spare);
finish:
  spin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);
  return iova;
}

// The magazine layer: per-CPU caches of start pfns for small sizes, and a depot of full magazines
// for each size.

static kmem_cache* iova_magazine_cache;

unsigned long iova_rcache_range() { return PAGE_SIZE << (IOVA_RANGE_CACHE_MAX_SIZE - 1); }

static iova_magazine* iova_magazine_alloc(gfp_t flags) {
  iova_magazine* mag;

  if (!revision.named_magazine_cache)
    return static_cast<iova_magazine*>(kzalloc(sizeof(iova_magazine), flags));
  mag = static_cast<iova_magazine*>(kmem_cache_alloc(iova_magazine_cache, flags));
  if (mag) mag->size = 0;
  return mag;
}

static void iova_magazine_free(iova_magazine* mag) {
  if (!revision.named_magazine_cache)
    kfree(mag);
  else if (!revision.magazine_free_checks_null || mag)
    kmem_cache_free(iova_magazine_cache, mag);
}

static void iova_magazine_free_pfns(iova_magazine* mag, iova_domain* iovad) {
  unsigned long flags;

  if (revision.lazy_magazines && !mag) return;

  spin_lock_irqsave(&iovad->iova_rbtree_lock, flags);
  for (unsigned long i = 0; i < mag->size; i++) {
    iova* iova = private_find_iova(iovad, mag->pfns[i]);
    if (WARN_ON(!iova)) continue;
    remove_iova(iovad, iova);
    free_iova_mem(iova);
  }
  spin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);

  mag->size = 0;
}

// A magazine is more than full only with a planted defect.
static bool iova_magazine_full(const iova_magazine* mag) { return mag->size >= IOVA_MAG_SIZE; }

static bool iova_magazine_empty(const iova_magazine* mag) { return mag->size == 0; }

// Takes out the latest pfn at or below limit_pfn; returns 0 if there is none. The magazine must not
// be empty.
static unsigned long iova_magazine_pop(iova_magazine* mag, unsigned long limit_pfn) {
  for (unsigned long i = mag->size; i-- > 0;) {
    if (mag->pfns[i] > limit_pfn && !defect.pop_ignores_limit) continue;
    unsigned long pfn = mag->pfns[i];
    mag->size--;
    if (!defect.pop_leaves_hole) mag->pfns[i] = mag->pfns[mag->size];
    return pfn;
  }
  return 0;
}

static void iova_magazine_push(iova_magazine* mag, unsigned long pfn) {
  mag->pfns[mag->size++] = pfn;
}

[[maybe_unused]] static iova_magazine* iova_depot_pop(iova_rcache_with_list* rcache) {
  iova_magazine* mag = rcache->depot;

  rcache->depot = mag->next;
  if (!defect.depot_pop_loses_size) mag->size = IOVA_MAG_SIZE;
  rcache->depot_size--;
  return mag;
}

[[maybe_unused]] static iova_magazine* iova_depot_pop(iova_rcache_with_array* rcache) {
  return rcache->depot[--rcache->depot_size];
}

[[maybe_unused]] static void iova_depot_push(iova_rcache_with_list* rcache, iova_magazine* mag) {
  mag->next = rcache->depot;
  rcache->depot = mag;
  rcache->depot_size++;
}

[[maybe_unused]] static void iova_depot_push(iova_rcache_with_array* rcache, iova_magazine* mag) {
  rcache->depot[rcache->depot_size++] = mag;
}

[[maybe_unused]] static void iova_depot_work_func(work_struct* work) {
  auto* rcache = reinterpret_cast<iova_rcache_with_list*>(reinterpret_cast<char*>(work) -
                                                          offsetof(iova_rcache_with_list, work));
  iova_magazine* mag = nullptr;
  unsigned long flags;

  const size_t size_before = defect.depot_measured_before_lock ? rcache->depot_size : 0;
  spin_lock_irqsave(&rcache->lock, flags);
  if ((defect.depot_measured_before_lock ? size_before : rcache->depot_size) >
      num_online_cpus() - defect.depot_trimmed_too_far)
    mag = iova_depot_pop(rcache);
  spin_unlock_irqrestore(&rcache->lock, flags);

  if (mag) {
    iova_magazine_free_pfns(mag, rcache->iovad);
    iova_magazine_free(mag);
    if (!defect.depot_work_not_rearmed) schedule_delayed_work(&rcache->work, IOVA_DEPOT_DELAY);
  }
}

int iova_domain_init_rcaches(iova_domain* iovad) {
  unsigned cpu;
  int i, ret;

  iovad->rcaches = static_cast<iova_rcache*>(
      kcalloc(IOVA_RANGE_CACHE_MAX_SIZE, sizeof(iova_rcache), GFP_KERNEL));
  if (!iovad->rcaches) return -ENOMEM;
  if (defect.dead_cpus_told_too_early) {
    iovad->cpuhp_dead.iovad = iovad;
    ret = cpuhp_state_add_instance_nocalls(CPUHP_IOMMU_IOVA_DEAD, &iovad->cpuhp_dead);
    if (ret) {
      free_iova_rcaches(iovad);
      return ret;
    }
  }

  for (i = 0; i < IOVA_RANGE_CACHE_MAX_SIZE; i++) {
    iova_cpu_rcache* cpu_rcache;
    iova_rcache* rcache;

    rcache = &iovad->rcaches[i];
    spin_lock_init(&rcache->lock);
    helper::set_domain(rcache, iovad);
    if (revision.depot_is_list) INIT_DELAYED_WORK(helper::depot_work(rcache), iova_depot_work_func);
    rcache->cpu_rcaches =
        static_cast<iova_cpu_rcache*>(__alloc_percpu(sizeof(iova_cpu_rcache), cache_line_size()));
    if (!rcache->cpu_rcaches) {
      ret = -ENOMEM;
      goto out_err;
    }
    for_each_possible_cpu(cpu) {
      cpu_rcache = per_cpu_ptr(rcache->cpu_rcaches, cpu);
      spin_lock_init(&cpu_rcache->lock);
      if (revision.lazy_magazines) continue;
      cpu_rcache->loaded = iova_magazine_alloc(GFP_KERNEL);
      cpu_rcache->prev = iova_magazine_alloc(GFP_KERNEL);
      if (defect.rcache_init_ignored) continue;
      if (!cpu_rcache->loaded || !cpu_rcache->prev) {
        ret = -ENOMEM;
        goto out_err;
      }
    }
  }

  if (defect.dead_cpus_told_too_early) return 0;
  iovad->cpuhp_dead.iovad = iovad;
  ret = cpuhp_state_add_instance_nocalls(CPUHP_IOMMU_IOVA_DEAD, &iovad->cpuhp_dead);
  if (ret) goto out_err;
  return 0;

out_err:
  if (defect.dead_cpus_told_too_early)
    cpuhp_state_remove_instance_nocalls(CPUHP_IOMMU_IOVA_DEAD, &iovad->cpuhp_dead);
  if (!defect.failed_init_keeps_rcaches) free_iova_rcaches(iovad);
  return ret;
}

// Returns false if the range must go back to the tree instead.
static bool __iova_rcache_insert(iova_domain* iovad, iova_rcache* rcache, unsigned long iova_pfn) {
  iova_cpu_rcache* cpu_rcache;
  iova_magazine* mag_to_free = nullptr;
  bool can_insert = false;
  unsigned long flags;

  cpu_rcache = raw_cpu_ptr(rcache->cpu_rcaches);
  const bool had_room = defect.magazine_measured_before_lock &&
                        helper::exists(cpu_rcache->loaded) &&
                        !iova_magazine_full(cpu_rcache->loaded);
  spin_lock_irqsave(&cpu_rcache->lock, flags);

  if (had_room || (helper::exists(cpu_rcache->loaded) && !iova_magazine_full(cpu_rcache->loaded))) {
    can_insert = true;
  } else if (helper::exists(cpu_rcache->prev) && !iova_magazine_full(cpu_rcache->prev)) {
    if (!defect.swap_forgotten) std::swap(cpu_rcache->prev, cpu_rcache->loaded);
    can_insert = true;
  } else {
    iova_magazine* new_mag =
        iova_magazine_alloc(defect.gfp_kernel_under_lock ? GFP_KERNEL : GFP_ATOMIC);

    if (new_mag) {
      if (revision.lazy_magazines && !cpu_rcache->prev) {
        cpu_rcache->prev = cpu_rcache->loaded;  // NULL at a CPU's very first push
      } else {
        const bool is_full = defect.depot_measured_before_push && helper::depot_full(rcache);
        spin_lock(&rcache->lock);
        if (defect.depot_measured_before_push ? is_full : helper::depot_full(rcache))
          mag_to_free = cpu_rcache->loaded;
        else
          iova_depot_push(rcache, cpu_rcache->loaded);
        spin_unlock(&rcache->lock);
        if (revision.depot_is_list)
          schedule_delayed_work(helper::depot_work(rcache), IOVA_DEPOT_DELAY);
      }
      cpu_rcache->loaded = new_mag;
      can_insert = true;
    }
  }

  if (can_insert && !defect.magazine_pushed_after_unlock)
    iova_magazine_push(cpu_rcache->loaded, iova_pfn);

  spin_unlock_irqrestore(&cpu_rcache->lock, flags);
  if (can_insert && defect.magazine_pushed_after_unlock)
    iova_magazine_push(cpu_rcache->loaded, iova_pfn);

  if (mag_to_free) {
    iova_magazine_free_pfns(mag_to_free, iovad);
    iova_magazine_free(mag_to_free);
  }
  return can_insert;
}

static bool iova_rcache_insert(iova_domain* iovad, unsigned long pfn, unsigned long size) {
  unsigned log_size = helper::order_base_2(size) + defect.free_takes_wrong_bin;

  if (log_size >= IOVA_RANGE_CACHE_MAX_SIZE) return false;
  return __iova_rcache_insert(iovad, &iovad->rcaches[log_size], pfn);
}

// Returns a start pfn at or below limit_pfn, or 0.
static unsigned long __iova_rcache_get(iova_rcache* rcache, unsigned long limit_pfn) {
  iova_cpu_rcache* cpu_rcache;
  unsigned long iova_pfn = 0;
  bool has_pfn = false;
  unsigned long flags;

  cpu_rcache = raw_cpu_ptr(rcache->cpu_rcaches);
  if (defect.rcache_locked_with_irqs_on)
    spin_lock(&cpu_rcache->lock);
  else
    spin_lock_irqsave(&cpu_rcache->lock, flags);

  if (helper::exists(cpu_rcache->loaded) && !iova_magazine_empty(cpu_rcache->loaded)) {
    has_pfn = true;
  } else if (helper::exists(cpu_rcache->prev) && !iova_magazine_empty(cpu_rcache->prev)) {
    std::swap(cpu_rcache->prev, cpu_rcache->loaded);
    has_pfn = true;
  } else {
    const bool was_empty = defect.depot_measured_before_pop && !rcache->depot_size;
    spin_lock(&rcache->lock);
    if (defect.depot_measured_before_pop ? !was_empty : rcache->depot_size) {
      iova_magazine_free(cpu_rcache->loaded);
      cpu_rcache->loaded = iova_depot_pop(rcache);
      has_pfn = true;
    }
    spin_unlock(&rcache->lock);
  }

  if (has_pfn && !defect.magazine_popped_after_unlock)
    iova_pfn = iova_magazine_pop(cpu_rcache->loaded, limit_pfn);

  if (defect.rcache_locked_with_irqs_on)
    spin_unlock(&cpu_rcache->lock);
  else
    spin_unlock_irqrestore(&cpu_rcache->lock, flags);
  if (has_pfn && defect.magazine_popped_after_unlock)
    iova_pfn = iova_magazine_pop(cpu_rcache->loaded, limit_pfn);
  return iova_pfn;
}

static unsigned long iova_rcache_get(iova_domain* iovad, unsigned long size,
                                     unsigned long limit_pfn) {
  unsigned log_size = helper::order_base_2(size);

  if (log_size >= IOVA_RANGE_CACHE_MAX_SIZE) return 0;
  // Without this check the subtraction wraps, and any cached pfn passes.
  if (revision.rcache_limit_checked && size > limit_pfn) return 0;
  return __iova_rcache_get(&iovad->rcaches[log_size], limit_pfn - size);
}

static void free_iova_rcaches(iova_domain* iovad) {
  iova_rcache* rcache;
  iova_cpu_rcache* cpu_rcache;
  unsigned cpu;

  for (int i = 0; i < IOVA_RANGE_CACHE_MAX_SIZE; i++) {
    rcache = &iovad->rcaches[i];
    if (!rcache->cpu_rcaches) break;  // init failed at this bin
    for_each_possible_cpu(cpu) {
      cpu_rcache = per_cpu_ptr(rcache->cpu_rcaches, cpu);
      iova_magazine_free(cpu_rcache->loaded);
      iova_magazine_free(cpu_rcache->prev);
    }
    free_percpu(rcache->cpu_rcaches);
    if (defect.depot_work_not_waited_for)
      cancel_delayed_work(helper::depot_work(rcache));
    else if (revision.depot_is_list && !defect.work_not_cancelled)
      cancel_delayed_work_sync(helper::depot_work(rcache));
    while (rcache->depot_size) iova_magazine_free(iova_depot_pop(rcache));
  }

  kfree(iovad->rcaches);
  iovad->rcaches = nullptr;
}

static void free_cpu_cached_iovas(unsigned cpu, iova_domain* iovad) {
  iova_cpu_rcache* cpu_rcache;
  iova_rcache* rcache;
  unsigned long flags;

  for (int i = 0; i < IOVA_RANGE_CACHE_MAX_SIZE; i++) {
    rcache = &iovad->rcaches[i];
    cpu_rcache = per_cpu_ptr(rcache->cpu_rcaches, cpu);
    spin_lock_irqsave(&cpu_rcache->lock, flags);
    iova_magazine_free_pfns(cpu_rcache->loaded, iovad);
    iova_magazine* prev = cpu_rcache->prev;
    if (defect.magazine_kept_across_unlock) {
      spin_unlock_irqrestore(&cpu_rcache->lock, flags);
      spin_lock_irqsave(&cpu_rcache->lock, flags);
    }
    if (!defect.dead_cpu_keeps_prev || cpu_online(cpu)) iova_magazine_free_pfns(prev, iovad);
    spin_unlock_irqrestore(&cpu_rcache->lock, flags);
  }
}

static void free_global_cached_iovas(iova_domain* iovad) {
  iova_rcache* rcache;
  unsigned long flags;

  for (int i = 0; i < IOVA_RANGE_CACHE_MAX_SIZE; i++) {
    rcache = &iovad->rcaches[i];
    spin_lock_irqsave(&rcache->lock, flags);
    while (rcache->depot_size) {
      iova_magazine* mag = iova_depot_pop(rcache);

      iova_magazine_free_pfns(mag, iovad);
      iova_magazine_free(mag);
    }
    spin_unlock_irqrestore(&rcache->lock, flags);
  }
}

static int iova_cpuhp_dead(unsigned cpu, hlist_node* node) {
  iova_domain* iovad = static_cast<iova_domain::dead_instance*>(node)->iovad;

  if (defect.dead_cpu_empties_another) cpu = raw_smp_processor_id();
  free_cpu_cached_iovas(cpu, iovad);
  return 0;
}

int iova_cache_get() {
  int err = -ENOMEM;
  bool is_first = defect.users_counted_unlocked && !iova_cache_users;

  mutex_lock(&iova_cache_mutex);
  if (!defect.users_counted_unlocked) is_first = !iova_cache_users;
  if (is_first) {
    if (!revision.caches_before_hotplug) {
      err = cpuhp_setup_state_multi(CPUHP_IOMMU_IOVA_DEAD, "iommu/iova:dead", nullptr,
                                    iova_cpuhp_dead);
      if (err) goto out_err;
      err = -ENOMEM;
    }
    iova_cache = kmem_cache_create("iommu_iova", sizeof(iova), 0, SLAB_HWCACHE_ALIGN, nullptr);
    if (!iova_cache) {
      if (!revision.caches_before_hotplug) cpuhp_remove_multi_state(CPUHP_IOMMU_IOVA_DEAD);
      goto out_err;
    }

    if (revision.named_magazine_cache) {
      iova_magazine_cache = kmem_cache_create("iommu_iova_magazine", sizeof(iova_magazine), 0,
                                              SLAB_HWCACHE_ALIGN, nullptr);
      if (!iova_magazine_cache) goto out_err;
    }

    if (revision.caches_before_hotplug) {
      err = cpuhp_setup_state_multi(CPUHP_IOMMU_IOVA_DEAD, "iommu/iova:dead", nullptr,
                                    iova_cpuhp_dead);
      if (err) goto out_err;
    }
  }

  if (!defect.users_counted_after_unlock) iova_cache_users++;
  mutex_unlock(&iova_cache_mutex);
  if (defect.users_counted_after_unlock) iova_cache_users++;
  return 0;

out_err:
  if (revision.caches_before_hotplug) {
    // Unless pointers are cleared, iova_magazine_cache may be stale here: an earlier put or failed
    // get destroyed the cache, and this get failed before it created a new one.
    kmem_cache_destroy(iova_cache);
    kmem_cache_destroy(iova_magazine_cache);
    if (revision.cache_pointers_cleared) iova_cache = iova_magazine_cache = nullptr;
  }
  if (defect.failed_get_counts) iova_cache_users++;
  if (!defect.failed_get_keeps_mutex) mutex_unlock(&iova_cache_mutex);
  return err;
}

void iova_cache_put() {
  mutex_lock(&iova_cache_mutex);
  if (WARN_ON(!iova_cache_users)) {
    mutex_unlock(&iova_cache_mutex);
    return;
  }
  iova_cache_users--;
  if (!iova_cache_users || (defect.cache_put_destroys_early && iova_cache_users == 1)) {
    if (defect.caches_destroyed_after_unlock) mutex_unlock(&iova_cache_mutex);
    cpuhp_remove_multi_state(CPUHP_IOMMU_IOVA_DEAD);
    kmem_cache_destroy(iova_cache);
    kmem_cache_destroy(iova_magazine_cache);  // NULL before v6.9
    if (revision.cache_pointers_cleared) iova_cache = iova_magazine_cache = nullptr;
    if (defect.caches_destroyed_after_unlock) return;
  }
  mutex_unlock(&iova_cache_mutex);
}

void reset_statics() {
  iova_cache = iova_magazine_cache = nullptr;
  iova_cache_users = 0;
}

}  // namespace port::IOVAFUZZ_PORT
