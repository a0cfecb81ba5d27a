// SPDX-License-Identifier: GPL-2.0-only
// The magazine layer: per-CPU caches of start pfns for small sizes, and a depot of full magazines
// for each. A pfn in a magazine still has its node in the tree.
#include <bit>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "iova/iova.h"

namespace port::IOVAFUZZ_PORT {
namespace helper {

template <class Rcache>
delayed_work* trimming_work(Rcache* rcache) {
  if constexpr (revision.depot_is_list)
    return &rcache->work;
  else
    return nullptr;  // an array has none, and callers ask first
}

void set_domain(iova_rcache_with_list* rcache, iova_domain* iovad) { rcache->iovad = iovad; }
[[maybe_unused]] void set_domain(iova_rcache_with_array*, iova_domain*) {}

// With lazy magazines, one that was never needed can be neither pushed to nor popped from.
bool has_room(const iova_magazine* mag) {
  return (!revision.lazy_magazines || mag) && mag->size < IOVA_MAG_SIZE;
}

bool has_pfns(const iova_magazine* mag) {
  return (!revision.lazy_magazines || mag) && mag->size > 0;
}

}  // namespace helper

namespace {

unsigned order_base_2(unsigned long size) { return std::bit_width(size - 1); }

void iova_magazine_free_pfns(iova_magazine* mag, iova_domain* iovad) {
  if (revision.lazy_magazines && !mag) return;
  unsigned long flags;
  spin_lock_irqsave(&iovad->iova_rbtree_lock, flags);
  for (unsigned long i = 0; i < mag->size; i++) {
    iova* cached = private_find_iova(iovad, mag->pfns[i]);
    if (WARN_ON(!cached)) continue;
    remove_iova(iovad, cached);
    free_iova_mem(cached);
  }
  spin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);
  mag->size = 0;
}

// The latest pfn at or below limit_pfn; 0 if there is none. The magazine is not empty.
unsigned long iova_magazine_pop(iova_magazine* mag, unsigned long limit_pfn) {
  for (unsigned long i = mag->size; i-- > 0;) {
    if (mag->pfns[i] > limit_pfn && !defect.pop_ignores_limit) continue;
    unsigned long pfn = mag->pfns[i];
    mag->size--;
    if (!defect.pop_leaves_hole) mag->pfns[i] = mag->pfns[mag->size];
    return pfn;
  }
  return 0;
}

void iova_magazine_push(iova_magazine* mag, unsigned long pfn) { mag->pfns[mag->size++] = pfn; }

[[maybe_unused]] iova_magazine* iova_depot_pop(iova_rcache_with_list* rcache) {
  iova_magazine* mag = rcache->depot;
  rcache->depot = mag->next;
  if (!defect.depot_pop_loses_size) mag->size = IOVA_MAG_SIZE;
  rcache->depot_size--;
  return mag;
}

[[maybe_unused]] bool iova_depot_push(iova_rcache_with_list* rcache, iova_magazine* mag) {
  mag->next = rcache->depot;
  rcache->depot = mag;
  rcache->depot_size++;
  return true;
}

// Before the list, a full depot refuses the magazine.
[[maybe_unused]] bool iova_depot_push(iova_rcache_with_array* rcache, iova_magazine* mag) {
  if (rcache->depot_size == MAX_GLOBAL_MAGS + defect.array_depot_overflows) return false;
  rcache->depot[rcache->depot_size++] = mag;
  return true;
}

[[maybe_unused]] iova_magazine* iova_depot_pop(iova_rcache_with_array* rcache) {
  return rcache->depot[--rcache->depot_size];
}

void iova_depot_work_func(work_struct* work) {
  auto* rcache = reinterpret_cast<iova_rcache_with_list*>(
      reinterpret_cast<char*>(work) - offsetof(iova_rcache_with_list, work));
  iova_magazine* mag = nullptr;
  unsigned long flags;
  spin_lock_irqsave(&rcache->lock, flags);
  unsigned goal = num_online_cpus() - defect.depot_trimmed_too_far;
  if (rcache->depot_size > goal) mag = iova_depot_pop(rcache);
  spin_unlock_irqrestore(&rcache->lock, flags);
  if (!mag) return;
  iova_magazine_free_pfns(mag, rcache->iovad);
  iova_magazine_free(mag);
  if (!defect.depot_work_not_rearmed) schedule_delayed_work(&rcache->work, IOVA_DEPOT_DELAY);
}

void free_iova_rcaches(iova_domain* iovad) {
  for (int i = 0; i < IOVA_RANGE_CACHE_MAX_SIZE; i++) {
    iova_rcache* rcache = &iovad->rcaches[i];
    if (!rcache->cpu_rcaches) break;  // init went no further
    unsigned cpu;
    for_each_possible_cpu(cpu) {
      iova_cpu_rcache* cpu_rcache = per_cpu_ptr(rcache->cpu_rcaches, cpu);
      iova_magazine_free(cpu_rcache->loaded);
      iova_magazine_free(cpu_rcache->prev);
    }
    free_percpu(rcache->cpu_rcaches);
    if (revision.depot_is_list && !defect.work_not_cancelled)
      cancel_delayed_work_sync(helper::trimming_work(rcache));
    while (rcache->depot_size) iova_magazine_free(iova_depot_pop(rcache));
  }
  kfree(iovad->rcaches);
  iovad->rcaches = nullptr;
}

bool __iova_rcache_insert(iova_domain* iovad, iova_rcache* rcache, unsigned long iova_pfn) {
  iova_cpu_rcache* cpu_rcache = raw_cpu_ptr(rcache->cpu_rcaches);
  iova_magazine* mag_to_free = nullptr;
  bool can_insert = true;
  unsigned long flags;
  spin_lock_irqsave(&cpu_rcache->lock, flags);
  if (helper::has_room(cpu_rcache->loaded)) {
  } else if (helper::has_room(cpu_rcache->prev)) {
    if (!defect.swap_forgotten) std::swap(cpu_rcache->prev, cpu_rcache->loaded);
  } else if (iova_magazine* new_mag = iova_magazine_alloc(
                 defect.gfp_kernel_under_lock ? GFP_KERNEL : GFP_ATOMIC)) {
    if (revision.lazy_magazines && !cpu_rcache->prev) {
      cpu_rcache->prev = cpu_rcache->loaded;  // NULL at a CPU's very first push
    } else {
      spin_lock(&rcache->lock);
      if (!iova_depot_push(rcache, cpu_rcache->loaded)) mag_to_free = cpu_rcache->loaded;
      spin_unlock(&rcache->lock);
      if (revision.depot_is_list)
        schedule_delayed_work(helper::trimming_work(rcache), IOVA_DEPOT_DELAY);
    }
    cpu_rcache->loaded = new_mag;
  } else {
    can_insert = false;
  }
  if (can_insert) iova_magazine_push(cpu_rcache->loaded, iova_pfn);
  spin_unlock_irqrestore(&cpu_rcache->lock, flags);
  if (mag_to_free) {
    iova_magazine_free_pfns(mag_to_free, iovad);
    iova_magazine_free(mag_to_free);
  }
  return can_insert;
}

// False if the range must go back to the tree instead.
bool iova_rcache_insert(iova_domain* iovad, unsigned long pfn, unsigned long size) {
  unsigned log_size = order_base_2(size) + defect.free_takes_wrong_bin;
  return log_size < IOVA_RANGE_CACHE_MAX_SIZE &&
         __iova_rcache_insert(iovad, &iovad->rcaches[log_size], pfn);
}

// limit_pfn is inclusive and bounds the start pfn.
unsigned long __iova_rcache_get(iova_rcache* rcache, unsigned long limit_pfn) {
  iova_cpu_rcache* cpu_rcache = raw_cpu_ptr(rcache->cpu_rcaches);
  unsigned long iova_pfn = 0, flags;
  bool has_pfn = true;
  if (defect.rcache_locked_with_irqs_on)
    spin_lock(&cpu_rcache->lock);
  else
    spin_lock_irqsave(&cpu_rcache->lock, flags);
  if (helper::has_pfns(cpu_rcache->loaded)) {
  } else if (helper::has_pfns(cpu_rcache->prev)) {
    std::swap(cpu_rcache->prev, cpu_rcache->loaded);
  } else {
    spin_lock(&rcache->lock);
    has_pfn = rcache->depot_size > 0;
    if (has_pfn) {
      iova_magazine_free(cpu_rcache->loaded);
      cpu_rcache->loaded = iova_depot_pop(rcache);
    }
    spin_unlock(&rcache->lock);
  }
  if (has_pfn) iova_pfn = iova_magazine_pop(cpu_rcache->loaded, limit_pfn);
  if (defect.rcache_locked_with_irqs_on)
    spin_unlock(&cpu_rcache->lock);
  else
    spin_unlock_irqrestore(&cpu_rcache->lock, flags);
  return iova_pfn;
}

// limit_pfn is exclusive.
unsigned long iova_rcache_get(iova_domain* iovad, unsigned long size, unsigned long limit_pfn) {
  unsigned log_size = order_base_2(size);
  if (log_size >= IOVA_RANGE_CACHE_MAX_SIZE) return 0;
  // Without the check the subtraction wraps, and any cached pfn will do.
  if (revision.rcache_limit_checked && size > limit_pfn) return 0;
  return __iova_rcache_get(&iovad->rcaches[log_size], limit_pfn - size);
}

void free_cpu_cached_iovas(unsigned cpu, iova_domain* iovad) {
  for (int i = 0; i < IOVA_RANGE_CACHE_MAX_SIZE; i++) {
    iova_cpu_rcache* cpu_rcache = per_cpu_ptr(iovad->rcaches[i].cpu_rcaches, cpu);
    unsigned long flags;
    spin_lock_irqsave(&cpu_rcache->lock, flags);
    iova_magazine_free_pfns(cpu_rcache->loaded, iovad);
    if (!defect.dead_cpu_keeps_prev || cpu_online(cpu))
      iova_magazine_free_pfns(cpu_rcache->prev, iovad);
    spin_unlock_irqrestore(&cpu_rcache->lock, flags);
  }
}

void free_global_cached_iovas(iova_domain* iovad) {
  for (int i = 0; i < IOVA_RANGE_CACHE_MAX_SIZE; i++) {
    iova_rcache* rcache = &iovad->rcaches[i];
    unsigned long flags;
    spin_lock_irqsave(&rcache->lock, flags);
    while (rcache->depot_size) {
      iova_magazine* mag = iova_depot_pop(rcache);
      iova_magazine_free_pfns(mag, iovad);
      iova_magazine_free(mag);
    }
    spin_unlock_irqrestore(&rcache->lock, flags);
  }
}

}  // namespace

unsigned long iova_rcache_range() { return PAGE_SIZE << (IOVA_RANGE_CACHE_MAX_SIZE - 1); }

int iova_domain_init_rcaches(iova_domain* iovad) {
  iovad->rcaches = static_cast<iova_rcache*>(
      kcalloc(IOVA_RANGE_CACHE_MAX_SIZE, sizeof(iova_rcache), GFP_KERNEL));
  if (!iovad->rcaches) return -ENOMEM;
  int ret = 0;
  for (int i = 0; !ret && i < IOVA_RANGE_CACHE_MAX_SIZE; i++) {
    iova_rcache* rcache = &iovad->rcaches[i];
    spin_lock_init(&rcache->lock);
    helper::set_domain(rcache, iovad);
    if (revision.depot_is_list)
      INIT_DELAYED_WORK(helper::trimming_work(rcache), iova_depot_work_func);
    rcache->cpu_rcaches = static_cast<iova_cpu_rcache*>(
        __alloc_percpu(sizeof(iova_cpu_rcache), cache_line_size()));
    if (!rcache->cpu_rcaches) {
      ret = -ENOMEM;
      break;
    }
    for (unsigned cpu = 0; !ret && cpu < num_possible_cpus(); cpu++) {
      iova_cpu_rcache* cpu_rcache = per_cpu_ptr(rcache->cpu_rcaches, cpu);
      spin_lock_init(&cpu_rcache->lock);
      if (revision.lazy_magazines) continue;
      cpu_rcache->loaded = iova_magazine_alloc(GFP_KERNEL);
      cpu_rcache->prev = iova_magazine_alloc(GFP_KERNEL);
      if (!cpu_rcache->loaded || !cpu_rcache->prev)
        ret = defect.rcache_init_ignored ? 0 : -ENOMEM;
    }
  }
  if (!ret) {
    iovad->cpuhp_dead.iovad = iovad;
    ret = cpuhp_state_add_instance_nocalls(CPUHP_IOMMU_IOVA_DEAD, &iovad->cpuhp_dead);
  }
  if (ret && !defect.failed_init_keeps_rcaches) free_iova_rcaches(iovad);
  return ret;
}

unsigned long alloc_iova_fast(iova_domain* iovad, unsigned long size, unsigned long limit_pfn,
                              bool flush_rcache) {
  // A cacheable range must fill its size class, or its reuse would overlap. The class of the
  // unrounded size, which the caller frees with, is the same.
  if (size < 1ul << (IOVA_RANGE_CACHE_MAX_SIZE - 1)) size = std::bit_ceil(size);
  if (revision.takes_any_limit && limit_pfn == ~0ul) limit_pfn--;
  unsigned long lowest_pfn = revision.fast_spares_pfn_0 ? 1 : 0;
  if (unsigned long iova_pfn = iova_rcache_get(iovad, size, limit_pfn + 1)) return iova_pfn;
  iova* fresh = helper::alloc_iova_above(iovad, size, limit_pfn, true, lowest_pfn);
  if (!fresh && flush_rcache) {
    unsigned cpu;
    for_each_online_cpu(cpu) {
      if (!defect.flush_skips_other_cpus || cpu == raw_smp_processor_id())
        free_cpu_cached_iovas(cpu, iovad);
    }
    free_global_cached_iovas(iovad);
    if (!defect.no_retry_after_flush)
      fresh = helper::alloc_iova_above(iovad, size, limit_pfn, true, lowest_pfn);
  }
  return fresh ? fresh->pfn_lo : 0;
}

void free_iova_fast(iova_domain* iovad, unsigned long pfn, unsigned long size) {
  if (!iova_rcache_insert(iovad, pfn, size)) free_iova(iovad, pfn);
}

void iova_domain_free_rcaches(iova_domain* iovad) {
  if (!defect.hotplug_instance_left)
    cpuhp_state_remove_instance_nocalls(CPUHP_IOMMU_IOVA_DEAD, &iovad->cpuhp_dead);
  free_iova_rcaches(iovad);
}

int iova_cpuhp_dead(unsigned cpu, hlist_node* node) {
  if (defect.dead_cpu_empties_another) cpu = raw_smp_processor_id();
  free_cpu_cached_iovas(cpu, static_cast<iova_domain::dead_instance*>(node)->iovad);
  return 0;
}

}  // namespace port::IOVAFUZZ_PORT
