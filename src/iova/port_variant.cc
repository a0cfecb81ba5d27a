// SPDX-License-Identifier: GPL-2.0-only
// Makes a variant of one revision of the port, with the defect planted in it.
#include <cstddef>
#include <initializer_list>

#include "iova/dma_iommu.h"
#include "iova/iova.h"
#include "shim/races.h"

namespace port::IOVAFUZZ_PORT {
namespace {

// The domain of a variant: the allocator's with its flush queue, and the driver's.
struct dma_domain {
  iommu_dma_cookie cookie;
  iommu_domain domain;
};

// The layout that C code relies on (include/linux/iova.h). offsetof() of a class with bases is not
// portable, but the supported compilers lay these classes out this way.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
constexpr size_t words_before_granule = 5;
static_assert(offsetof(iova, pfn_hi) == 3 * sizeof(void*) && offsetof(iova, pfn_lo) == 32);
static_assert(offsetof(dma_domain, cookie.iovad) == 0);
static_assert(offsetof(iova_domain, granule) ==
              sizeof(spinlock_t) + words_before_granule * sizeof(void*));
static_assert(offsetof(iova_domain, max32_alloc_size) ==
              offsetof(iova_domain, granule) + 3 * sizeof(long));
static_assert(sizeof(dma_domain) <=
              offsetof(iova_domain, max32_alloc_size) + sizeof(long) + 32 * sizeof(void*));
#pragma GCC diagnostic pop

dma_domain* whole(void* domain) { return static_cast<dma_domain*>(domain); }
iova_domain* as_domain(void* domain) { return &whole(domain)->cookie.iovad; }
const iommu_dma_cookie& as_cookie(const void* domain) {
  return static_cast<const dma_domain*>(domain)->cookie;
}
const iova_domain& as_domain(const void* domain) { return as_cookie(domain).iovad; }

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
  shim::Unwatched look;  // the tree's functions are instrumented, as for the port
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

[[maybe_unused]] bool has_pending_work(const iova_rcache_with_list& rcache) {
  return delayed_work_pending(&rcache.work);
}
[[maybe_unused]] bool has_pending_work(const iova_rcache_with_array&) { return false; }

void each_depot(const void* domain, void (*visit)(void*, const iova_depot_view*), void* context) {
  const iova_domain& d = as_domain(domain);
  if (!d.rcaches) return;
  for (unsigned bin = 0; bin < IOVA_RANGE_CACHE_MAX_SIZE; bin++) {
    iova_depot_view view{bin, d.rcaches[bin].depot_size, has_pending_work(d.rcaches[bin])};
    visit(context, &view);
  }
}

int init_queue(void* domain, bool single) {
  dma_domain* d = whole(domain);
  d->domain = {&shim_iommu_ops, reinterpret_cast<::iommu_dma_cookie*>(&d->cookie)};
  d->cookie.options = {single ? IOMMU_DMA_OPTS_SINGLE_QUEUE : IOMMU_DMA_OPTS_PER_CPU_QUEUE,
                       IOVA_DEFAULT_FQ_SIZE,
                       single ? IOVA_SINGLE_FQ_TIMEOUT : IOVA_DEFAULT_FQ_TIMEOUT};
  return iommu_dma_init_fq(&d->domain);
}

iova_fq* ring_of(const iommu_dma_cookie& cookie, unsigned cpu) {
  bool single = revision.single_flush_queue && cookie.options.qt == IOMMU_DMA_OPTS_SINGLE_QUEUE;
  return single ? cookie.single_fq : per_cpu_ptr(cookie.percpu_fq, cpu);
}

const void* queue(void* domain, unsigned long pfn, unsigned long size, list_head* freelist) {
  iommu_dma_cookie& c = whole(domain)->cookie;
  if (!iommu_dma_queues(&c)) return nullptr;
  // An iommu_pages_list has the layout of its list_head.
  queue_iova(&c, pfn, size, reinterpret_cast<page_list*>(freelist));
  iova_fq* fq = ring_of(c, raw_smp_processor_id());
  return &fq->entries[(fq->tail - 1) % IOVA_DEFAULT_FQ_SIZE].freelist;
}

void queue_fields(const void* domain, iova_queue_fields* out) {
  const iommu_dma_cookie& c = as_cookie(domain);
  auto flushes = [](const atomic64_t& v) { return static_cast<unsigned long long>(v.counter); };
  *out = {c.fq_domain != nullptr, flushes(c.fq_flush_start_cnt), flushes(c.fq_flush_finish_cnt),
          c.fq_timer_on.counter != 0, c.fq_domain && timer_pending(&c.fq_timer)};
}

void each_queued(const void* domain, void (*visit)(void*, const iova_queued_view*), void* context) {
  const iommu_dma_cookie& c = as_cookie(domain);
  if (!c.fq_domain) return;
  bool single = revision.single_flush_queue && c.options.qt == IOMMU_DMA_OPTS_SINGLE_QUEUE;
  for (unsigned cpu = 0; cpu < (single ? 1 : num_possible_cpus()); cpu++) {
    const iova_fq* fq = ring_of(c, cpu);
    for (unsigned i = fq->head; i != fq->tail; i = (i + 1) % IOVA_DEFAULT_FQ_SIZE) {
      const iova_fq_entry& entry = fq->entries[i];
      iova_queued_view view{cpu, entry.iova_pfn, entry.pages, entry.counter};
      visit(context, &view);
    }
  }
}

constexpr iova_queue the_queue = {
    .has_single = revision.single_flush_queue,
    .entries = IOVA_DEFAULT_FQ_SIZE,
    .timeout = IOVA_DEFAULT_FQ_TIMEOUT,
    .timeout_of_single = IOVA_SINGLE_FQ_TIMEOUT,
    .orders_itself = true,
    .announces_frees = false,
    .init = init_queue,
    .queue = queue,
    .fields = queue_fields,
    .each_queued = each_queued,
};
constexpr auto name = variant_name(variant_names::IOVAFUZZ_REVISION, built_for);

}  // namespace

const iova_variant variant = {
    .name = name.data(),
    .like = nullptr,
    .strict = true,
    .hz = 0,
    .views = IOVA_VIEWS_OF_MODELS | IOVA_VIEW_RINGS,
    .domain_size = sizeof(dma_domain),
    .bins = IOVA_BINS,
    .magazine_pfns = IOVA_MAG_SIZE,
    .depot_magazines = revision.depot_is_list ? 0 : MAX_GLOBAL_MAGS,
    .trims_depot = revision.depot_is_list,
    .embeds_rcaches = false,
    .flushes_depots = true,
    .flushes_dead_cpus = true,
    .allocates_lazily = revision.lazy_magazines,
    .rcache_limit_checked = revision.rcache_limit_checked,
    .lacks_hint = false,
    .leaves_nodes_unzeroed = false,
    .searches_once = false,
    .wraps_second_pass = false,
    .leaves_timer_running = false,
    .resets_hint_seldom = false,
    .ignores_rcache_failures = false,
    .hint_from_full_walk_only = revision.hint_from_full_walk_only,
    .hint_spares_unaligned = revision.hint_spares_unaligned,
    .takes_any_limit = revision.takes_any_limit,
    .fast_spares_pfn_0 = revision.fast_spares_pfn_0,
    .reset = reset_statics,
    .cache_get = iova_cache_get,
    .cache_put = iova_cache_put,
    .init_domain = [](void* d, unsigned long granule,
                      unsigned long start) { init_iova_domain(as_domain(d), granule, start); },
    .init_rcaches = [](void* d) { return iova_domain_init_rcaches(as_domain(d)); },
    .rcache_range = iova_rcache_range,
    .put_domain =
        [](void* d) {
          iommu_dma_free_fq(&whole(d)->cookie);
          put_iova_domain(as_domain(d));
        },
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
    .queue = &the_queue,
    .why_no_queue = nullptr,
    .pfn_lo = [](const void* i) { return static_cast<const iova*>(i)->pfn_lo; },
    .pfn_hi = [](const void* i) { return static_cast<const iova*>(i)->pfn_hi; },
    .fields = fields,
    .each_node = each_node,
    .height = nullptr,  // Boost balances the tree
    .each_magazine = each_magazine,
    .each_depot = each_depot,
};

}  // namespace port::IOVAFUZZ_PORT
