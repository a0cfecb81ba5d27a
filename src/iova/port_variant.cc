// SPDX-License-Identifier: GPL-2.0-only
// Shows one revision of the port as a variant.
#include <initializer_list>

#include "iova/iova.h"
#include "iova/port_variants.h"

namespace port::IOVAFUZZ_REVISION {
namespace {

iova_domain* as_domain(void* domain) { return static_cast<iova_domain*>(domain); }
const iova_domain& as_domain(const void* domain) {
  return *static_cast<const iova_domain*>(domain);
}

void fields(const void* domain, iova_fields* out) {
  const iova_domain& d = as_domain(domain);
  *out = {d.granule,
          d.start_pfn,
          d.dma_32bit_pfn,
          d.max32_alloc_size,
          d.cached_node->pfn_lo,
          d.cached_node->pfn_hi,
          d.cached32_node->pfn_lo,
          d.cached32_node->pfn_hi,
          d.rcaches != nullptr};
}

void each_node(const void* domain, bool (*visit)(void*, unsigned long, unsigned long),
               void* context) {
  for (const iova& node : as_domain(domain).rbroot)
    if (!visit(context, node.pfn_lo, node.pfn_hi)) return;
}

template <class Visit>
void each_depot_magazine(const iova_rcache_with_array& rcache, Visit visit) {
  for (unsigned long i = 0; i < rcache.depot_size; i++) visit(rcache.depot[i]);
}

template <class Visit>
void each_depot_magazine(const iova_rcache_with_list& rcache, Visit visit) {
  for (const iova_magazine* mag = rcache.depot; mag; mag = mag->next) visit(mag);
}

void each_magazine(const void* domain, void (*visit)(void*, const iova_magazine_view*),
                   void* context) {
  const iova_domain& d = as_domain(domain);
  if (!d.rcaches) return;
  for (unsigned bin = 0; bin < IOVA_RANGE_CACHE_MAX_SIZE; bin++) {
    for (unsigned cpu = 0; cpu < num_possible_cpus(); cpu++) {
      const iova_cpu_rcache* cpu_rcache = per_cpu_ptr(d.rcaches[bin].cpu_rcaches, cpu);
      for (bool previous : {false, true}) {
        const iova_magazine* mag = previous ? cpu_rcache->prev : cpu_rcache->loaded;
        if (!mag) continue;
        iova_magazine_view view{bin, static_cast<int>(cpu), previous, mag->size, mag->pfns};
        visit(context, &view);
      }
    }
    each_depot_magazine(d.rcaches[bin], [&](const iova_magazine* mag) {
      iova_magazine_view view{bin, -1, false, IOVA_MAG_SIZE, mag->pfns};
      visit(context, &view);
    });
  }
}

[[maybe_unused]] bool work_pending(const iova_rcache_with_list& rcache) {
  return delayed_work_pending(&rcache.work);
}
[[maybe_unused]] bool work_pending(const iova_rcache_with_array&) { return false; }

void each_depot(const void* domain, void (*visit)(void*, const iova_depot_view*), void* context) {
  const iova_domain& d = as_domain(domain);
  if (!d.rcaches) return;
  for (unsigned bin = 0; bin < IOVA_RANGE_CACHE_MAX_SIZE; bin++) {
    iova_depot_view view{bin, d.rcaches[bin].depot_size, work_pending(d.rcaches[bin])};
    visit(context, &view);
  }
}

}  // namespace

const iova_variant variant = {
    .name = variant_names::IOVAFUZZ_REVISION,
    .like = nullptr,
    .domain_size = sizeof(iova_domain),
    .magazine_pfns = IOVA_MAG_SIZE,
    .depot_magazines = revision.depot_is_list ? 0 : MAX_GLOBAL_MAGS,
    .trims_depot = revision.depot_is_list,
    .embeds_rcaches = false,
    .flushes_depots = true,
    .flushes_dead_cpus = true,
    .allocates_lazily = revision.lazy_magazines,
    .rcache_limit_checked = revision.rcache_limit_checked,
    .hint_from_full_walk_only = revision.hint_from_full_walk_only,
    .hint_spares_unaligned = revision.hint_spares_unaligned,
    .reset = reset_statics,
    .cache_get = iova_cache_get,
    .cache_put = iova_cache_put,
    .init_domain = [](void* d, unsigned long granule,
                      unsigned long start) { init_iova_domain(as_domain(d), granule, start); },
    .init_rcaches = [](void* d) { return iova_domain_init_rcaches(as_domain(d)); },
    .put_domain = [](void* d) { put_iova_domain(as_domain(d)); },
    .alloc = [](void* d, unsigned long size, unsigned long limit, bool aligned) -> void* {
      return alloc_iova(as_domain(d), size, limit, aligned);
    },
    .alloc_fast = [](void* d, unsigned long size, unsigned long limit,
                     bool flush) { return alloc_iova_fast(as_domain(d), size, limit, flush); },
    .free_pfn = [](void* d, unsigned long pfn) { free_iova(as_domain(d), pfn); },
    .free_iova = [](void* d, void* i) { __free_iova(as_domain(d), static_cast<iova*>(i)); },
    .free_fast = [](void* d, unsigned long pfn,
                    unsigned long size) { free_iova_fast(as_domain(d), pfn, size); },
    .find = [](void* d, unsigned long pfn) -> void* { return find_iova(as_domain(d), pfn); },
    .reserve = [](void* d, unsigned long lo, unsigned long hi) -> void* {
      return reserve_iova(as_domain(d), lo, hi);
    },
    .pfn_lo = [](const void* i) { return static_cast<const iova*>(i)->pfn_lo; },
    .pfn_hi = [](const void* i) { return static_cast<const iova*>(i)->pfn_hi; },
    .fields = fields,
    .each_node = each_node,
    .each_magazine = each_magazine,
    .each_depot = each_depot,
};

}  // namespace port::IOVAFUZZ_REVISION
