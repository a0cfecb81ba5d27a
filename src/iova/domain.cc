// SPDX-License-Identifier: GPL-2.0-only
// A domain's address space: the tree, the top-down search, reservations.
#include <algorithm>
#include <bit>
#include <cerrno>
#include <iterator>
#include <new>

#include "iova/iova.h"

namespace port::IOVAFUZZ_PORT {
namespace {

bool __is_range_overlap(const iova& node, unsigned long pfn_lo, unsigned long pfn_hi) {
  unsigned long gap = defect.reservation_merges_across_gap ? 2 : 0;
  return pfn_lo <= node.pfn_hi && pfn_hi + gap >= node.pfn_lo;
}

}  // namespace

// What has no counterpart upstream; a report names the function around it.
namespace helper {

unsigned iova_shift(const iova_domain* iovad) { return std::countr_zero(iovad->granule); }

iova* node_above(iova_domain* iovad, iova* node) {
  shim_count_step();
  return &*std::next(iovad->rbroot.iterator_to(*node));
}

iova* node_below(iova_domain* iovad, iova* node) {
  shim_count_step();
  auto at = iovad->rbroot.iterator_to(*node);
  return at == iovad->rbroot.begin() ? nullptr : &*std::prev(at);
}

// limit_pfn is exclusive, here and in all functions below that are not public.
bool is_32bit(const iova_domain* iovad, unsigned long limit_pfn) {
  return limit_pfn <= iovad->dma_32bit_pfn;
}

struct search_window {
  unsigned long low_pfn, high_pfn;  // low included, high excluded
};

// The highest place for size pages in the window, looking at the gaps below start and further
// down. Returns the node above the place, NULL if there is none.
iova* walk_down(iova_domain* iovad, iova* start, search_window window, unsigned long size,
                unsigned long align_mask, unsigned long* new_pfn) {
  iova* above;
  iova* below = start;
  unsigned long high_pfn = window.high_pfn;
  do {
    above = below;
    high_pfn = std::min(high_pfn, above->pfn_lo);
    *new_pfn = (high_pfn - size) & align_mask;
    below = node_below(iovad, above);
  } while (below && *new_pfn <= below->pfn_hi && *new_pfn >= window.low_pfn);
  if (defect.start_pfn_unallocatable && *new_pfn == iovad->start_pfn) return nullptr;
  // The subtraction wrapped, and the place is far above.
  bool wrapped = !defect.walk_underflow && high_pfn < size;
  return wrapped || *new_pfn < window.low_pfn ? nullptr : above;
}

// Whether widening the nodes that overlap leaves a rest that needs a node of its own.
bool needs_new_node(const iova_domain* iovad, unsigned long pfn_lo, unsigned long pfn_hi) {
  for (const iova& node : iovad->rbroot)
    if (__is_range_overlap(node, pfn_lo, pfn_hi) && pfn_hi <= node.pfn_hi) return false;
  return true;
}

}  // namespace helper

namespace {

iova* __get_cached_rbnode(iova_domain* iovad, unsigned long limit_pfn) {
  return helper::is_32bit(iovad, limit_pfn) ? iovad->cached32_node : iovad->cached_node;
}

void __cached_rbnode_insert_update(iova_domain* iovad, iova* fresh) {
  if (fresh->pfn_hi < iovad->dma_32bit_pfn)
    iovad->cached32_node = fresh;
  else
    iovad->cached_node = fresh;
}

void __cached_rbnode_delete_update(iova_domain* iovad, iova* gone) {
  bool covers_cached32 = gone->pfn_hi < iovad->dma_32bit_pfn &&
                         gone->pfn_lo >= iovad->cached32_node->pfn_lo &&
                         !defect.cached32_ignores_frees_above;
  bool moves_cached32 = gone == iovad->cached32_node || covers_cached32;
  if (moves_cached32) iovad->cached32_node = helper::node_above(iovad, gone);
  unsigned long below_4g = defect.hint_outlives_straddling_free ? gone->pfn_hi : gone->pfn_lo;
  if (below_4g < iovad->dma_32bit_pfn && (moves_cached32 || !defect.max32_not_reset))
    iovad->max32_alloc_size = iovad->dma_32bit_pfn;
  if (gone->pfn_lo >= iovad->cached_node->pfn_lo)
    iovad->cached_node = helper::node_above(iovad, gone);
}

// A node above which there is no room below limit_pfn: where a search of all that is below the
// limit starts.
iova* iova_find_limit(iova_domain* iovad, unsigned long limit_pfn) {
  if (!helper::is_32bit(iovad, limit_pfn)) return &iovad->anchor;
  auto at = iovad->rbroot.lower_bound(limit_pfn);
  // The node below may reach over the limit, which makes it the better start.
  if (at != iovad->rbroot.begin() && std::prev(at)->pfn_hi >= limit_pfn) --at;
  return &*at;
}

void iova_insert_rbtree(iova_tree& tree, iova* fresh) {
  bool inserted = tree.insert(*fresh).second;
  WARN_ON(!inserted);
}

int __alloc_and_insert_iova_range(iova_domain* iovad, unsigned long size, unsigned long limit_pfn,
                                  iova* fresh, bool size_aligned, unsigned long lowest_pfn) {
  if (defect.aligned_size_rounding && size_aligned) size = std::bit_ceil(size);
  unsigned long align_mask = size_aligned ? ~0ul << std::bit_width(size - 1) : ~0ul;
  unsigned long flags, new_pfn;
  spin_lock_irqsave(&iovad->iova_rbtree_lock, flags);
  bool hint_applies =
      helper::is_32bit(iovad, limit_pfn) && (size_aligned || !revision.hint_spares_unaligned);
  if (hint_applies && size >= iovad->max32_alloc_size) {
    if (defect.max32_raised_by_fast_fail) iovad->max32_alloc_size = size;
    if (!defect.lock_kept_on_refusal)
      spin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);
    return -ENOMEM;
  }

  // First below the cached node, where the last search ended, then in what is above it.
  iova* cached = __get_cached_rbnode(iovad, limit_pfn);
  unsigned long retry_pfn = cached->pfn_hi;
  iova* above =
      helper::walk_down(iovad, cached, {std::max(iovad->start_pfn, lowest_pfn), limit_pfn}, size,
                        align_mask, &new_pfn);
  if (!above && retry_pfn < limit_pfn && !defect.no_second_pass)
    above = helper::walk_down(iovad, iova_find_limit(iovad, limit_pfn), {retry_pfn + 1, limit_pfn},
                              size, align_mask, &new_pfn);
  if (!above) {
    if (!revision.hint_from_full_walk_only)
      iovad->max32_alloc_size = size;
    else if (limit_pfn == iovad->dma_32bit_pfn)
      iovad->max32_alloc_size = std::min(iovad->max32_alloc_size, size);
    spin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);
    return -ENOMEM;
  }

  fresh->pfn_lo = new_pfn;
  fresh->pfn_hi = new_pfn + size - 1;
  iovad->rbroot.insert_before(iovad->rbroot.iterator_to(*above), *fresh);
  __cached_rbnode_insert_update(iovad, fresh);
  spin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);
  return 0;
}

iova* __insert_new_range(iova_domain* iovad, iova* fresh, unsigned long pfn_lo,
                         unsigned long pfn_hi) {
  if (!fresh) fresh = alloc_iova_mem();
  if (!fresh) return nullptr;
  fresh->pfn_lo = pfn_lo;
  fresh->pfn_hi = pfn_hi;
  iova_insert_rbtree(iovad->rbroot, fresh);
  return fresh;
}

// The node takes what lies below its end; what is left starts above it.
void __adjust_overlap_range(iova& node, unsigned long* pfn_lo, unsigned long pfn_hi) {
  node.pfn_lo = std::min(node.pfn_lo, *pfn_lo);
  if (pfn_hi > node.pfn_hi) *pfn_lo = node.pfn_hi + 1;
}

}  // namespace

void init_iova_domain(iova_domain* iovad, unsigned long granule, unsigned long start_pfn) {
  BUG_ON(granule > PAGE_SIZE || !std::has_single_bit(granule));
  spin_lock_init(&iovad->iova_rbtree_lock);
  new (&iovad->rbroot) iova_tree;
  iovad->cached_node = iovad->cached32_node = &iovad->anchor;
  iovad->granule = granule;
  iovad->start_pfn = start_pfn;
  iovad->dma_32bit_pfn =
      1ul << (32 - (defect.dma32_ignores_granule ? PAGE_SHIFT : helper::iova_shift(iovad)));
  iovad->max32_alloc_size = iovad->dma_32bit_pfn;
  iovad->anchor.pfn_lo = iovad->anchor.pfn_hi = IOVA_ANCHOR;
  iovad->rbroot.insert(iovad->anchor);
}

iova* helper::alloc_iova_above(iova_domain* iovad, unsigned long size, unsigned long limit_pfn,
                               bool size_aligned, unsigned long lowest_pfn) {
  if (revision.takes_any_limit && limit_pfn == ~0ul) limit_pfn--;
  iova* fresh = alloc_iova_mem();
  if (!fresh) return nullptr;
  if (__alloc_and_insert_iova_range(iovad, size, limit_pfn + 1, fresh, size_aligned, lowest_pfn)) {
    free_iova_mem(fresh);
    return nullptr;
  }
  return fresh;
}

iova* alloc_iova(iova_domain* iovad, unsigned long size, unsigned long limit_pfn,
                 bool size_aligned) {
  return helper::alloc_iova_above(iovad, size, limit_pfn, size_aligned, 0);
}

iova* private_find_iova(iova_domain* iovad, unsigned long pfn) {
  assert_spin_locked(&iovad->iova_rbtree_lock);
  auto above = iovad->rbroot.upper_bound(pfn);
  if (above == iovad->rbroot.begin()) return nullptr;
  iova& candidate = *std::prev(above);
  return pfn <= candidate.pfn_hi - defect.range_end_excluded ? &candidate : nullptr;
}

void remove_iova(iova_domain* iovad, iova* iova) {
  assert_spin_locked(&iovad->iova_rbtree_lock);
  __cached_rbnode_delete_update(iovad, iova);
  shim_count_step();
  iovad->rbroot.erase(iovad->rbroot.iterator_to(*iova));
}

iova* find_iova(iova_domain* iovad, unsigned long pfn) {
  unsigned long flags;
  spin_lock_irqsave(&iovad->iova_rbtree_lock, flags);
  iova* found = private_find_iova(iovad, pfn);
  spin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);
  return found;
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
  if (defect.irqs_on_in_free)
    spin_lock(&iovad->iova_rbtree_lock);
  else
    spin_lock_irqsave(&iovad->iova_rbtree_lock, flags);
  iova* found = private_find_iova(iovad, pfn);
  if (found) remove_iova(iovad, found);
  if (defect.irqs_on_in_free)
    spin_unlock(&iovad->iova_rbtree_lock);
  else
    spin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);
  if (found) free_iova_mem(found);
}

iova* reserve_iova(iova_domain* iovad, unsigned long pfn_lo, unsigned long pfn_hi) {
  if (WARN_ON((pfn_hi | pfn_lo) > ~0ull >> helper::iova_shift(iovad))) return nullptr;
  unsigned long flags;
  iova* result = nullptr;
  iova* spare = nullptr;
  spin_lock_irqsave(&iovad->iova_rbtree_lock, flags);
  if (revision.reserve_is_atomic && helper::needs_new_node(iovad, pfn_lo, pfn_hi)) {
    spare = alloc_iova_mem();
    if (!spare) {
      spin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);
      return nullptr;
    }
  }
  bool overlapped = false;
  for (iova& node : iovad->rbroot) {
    if (__is_range_overlap(node, pfn_lo, pfn_hi)) {
      __adjust_overlap_range(node, &pfn_lo, pfn_hi);
      if (pfn_lo >= node.pfn_lo && pfn_hi <= node.pfn_hi) {
        result = &node;
        break;
      }
      overlapped = true;
    } else if (overlapped) {
      break;
    }
  }
  if (!result) result = __insert_new_range(iovad, spare, pfn_lo, pfn_hi);
  spin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);
  return result;
}

void put_iova_domain(iova_domain* iovad) {
  if (iovad->rcaches) iova_domain_free_rcaches(iovad);
  iovad->rbroot.clear_and_dispose(free_iova_mem);
}

}  // namespace port::IOVAFUZZ_PORT
