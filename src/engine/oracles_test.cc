// SPDX-License-Identifier: GPL-2.0-only
// Shows that every oracle of the engine fires, each on an allocator with one faulty function.
#include "engine/oracles.h"

#include <gtest/gtest.h>

#include <bit>
#include <cerrno>
#include <set>
#include <utility>

#include "engine/compare.h"
#include "engine/engine.h"
#include "iova/port_variants.h"
#include "shim/cost.h"
#include "shim/cpu.h"
#include "shim/iommu.h"
#include "shim/slab.h"
#include "shim/timekeeping.h"
#include "shim/types.h"
#include "testing/literally.h"

extern "C" void __sanitizer_cov_store8(const void* address);

namespace engine {
namespace {

const iova_variant& good = port::fixed::variant;

// The faulty functions; their names say how they differ from `good`.
void* alloc_nothing(void*, unsigned long, unsigned long, bool) { return nullptr; }

void* find_by_walking(void* domain, unsigned long pfn) {
  for (int step = 0; step < 200; step++) shim_count_step();
  return good.find(domain, pfn);
}

void* alloc_an_error(void*, unsigned long, unsigned long, bool) {
  return reinterpret_cast<void*>(-static_cast<intptr_t>(ENOMEM));
}

void* alloc_below_100(void* domain, unsigned long size, unsigned long limit, bool aligned) {
  return limit < 100 ? good.alloc(domain, size, limit, aligned) : nullptr;
}

// Behaves as if the hint were 6 and never reset.
bool refused_six;
void* alloc_but_six(void* domain, unsigned long size, unsigned long limit, bool aligned) {
  refused_six |= size == 6;
  return size == 6 ? nullptr : good.alloc(domain, size, limit, aligned);
}
void fields_after_six(const void* domain, iova_fields* fields) {
  good.fields(domain, fields);
  if (refused_six) fields->max32_alloc_size = 6;
}

void* alloc_unaligned(void* domain, unsigned long size, unsigned long limit, bool) {
  return good.alloc(domain, size, limit, false);
}

void* alloc_rounded_up(void* domain, unsigned long size, unsigned long limit, bool aligned) {
  return good.alloc(domain, std::bit_ceil(size), limit, aligned);
}

unsigned long alloc_below_start(void*, unsigned long, unsigned long, bool) { return 8; }

unsigned long alloc_twice_the_limit(void* domain, unsigned long size, unsigned long limit,
                                    bool flush) {
  return good.alloc_fast(domain, size, 2 * limit, flush);
}

unsigned long live;
unsigned long alloc_a_live_pfn(void* domain, unsigned long size, unsigned long limit, bool flush) {
  if (!live) live = good.alloc_fast(domain, size, limit, flush);
  return live;
}

void free_all_but_one(void* domain, unsigned long pfn, unsigned long size) {
  if (pfn != 0xfffff) good.free_fast(domain, pfn, size);
}

unsigned long alloc_past_the_rcaches(void* domain, unsigned long size, unsigned long limit, bool) {
  return good.pfn_lo(good.alloc(domain, size, limit, true));
}

void free_below_the_latest(void* domain, unsigned long pfn, unsigned long size) {
  unsigned long latest = pfn == 0xfffff ? good.alloc_fast(domain, size, pfn, false) : 0;
  good.free_fast(domain, pfn, size);
  if (latest) good.free_fast(domain, latest, size);
}

unsigned long alloc_and_free(void* domain, unsigned long size, unsigned long limit, bool flush) {
  unsigned long pfn = good.alloc_fast(domain, size, limit, flush);
  good.free_pfn(domain, pfn);
  return pfn;
}

unsigned long alloc_fast_anywhere(void* domain, unsigned long size, unsigned long, bool flush) {
  return good.alloc_fast(domain, size, 0xffff, flush);
}

// Fails after it has grown the reservation below by all requested pages but the last.
void* reserve_all_but_a_page_and_fail(void* domain, unsigned long lo, unsigned long hi) {
  if (void* iova = good.reserve(domain, lo, hi)) return iova;
  good.reserve(domain, lo, hi - 1);
  return nullptr;
}

// All CPUs increment one variable without a lock, reported as compiler instrumentation would.
unsigned long count_without_a_lock(void* domain, unsigned long size, unsigned long limit,
                                   bool flush) {
  static unsigned long count;
  __sanitizer_cov_store8(&count);
  count++;
  return good.alloc_fast(domain, size, limit, flush);
}

void* find_nothing(void*, unsigned long) { return nullptr; }

void* reserve_one_page_less(void* domain, unsigned long lo, unsigned long hi) {
  return good.reserve(domain, lo, hi - 1);
}

// Every second reservation frees the node of the first.
void* reserve_in_the_place_of_the_first(void* domain, unsigned long lo, unsigned long hi) {
  static void* first;
  void* iova = good.reserve(domain, lo, hi);
  if (first) good.free_iova(domain, first);
  first = first ? nullptr : iova;
  return iova;
}

int get_always_succeeds() {
  good.cache_get();
  return 0;
}

int get_always_fails() { return -ENOMEM; }

int init_rcaches_leaks_on_failure(void* domain) {
  int error = good.init_rcaches(domain);
  if (error) (void)kmalloc(8, GFP_KERNEL);
  return error;
}

void init_leaks(void* domain, unsigned long granule, unsigned long start_pfn) {
  (void)kmalloc(8, GFP_KERNEL);
  good.init_domain(domain, granule, start_pfn);
}

int init_rcaches_fails_oddly(void* domain) { return good.init_rcaches(domain) ? -EBUSY : 0; }

void* alloc_leaks(void* domain, unsigned long size, unsigned long limit, bool aligned) {
  for (int i = 0; i < 100; i++) (void)kmalloc(8, GFP_KERNEL);
  return good.alloc(domain, size, limit, aligned);
}

void free_pfn_leaks(void* domain, unsigned long pfn) {
  (void)kmalloc(8, GFP_KERNEL);
  good.free_pfn(domain, pfn);
}

unsigned long alloc_nothing_without_cpu_1(void* domain, unsigned long size, unsigned long limit,
                                          bool flush) {
  return cpu_online(1) ? good.alloc_fast(domain, size, limit, flush) : 0;
}

delayed_work restless;
void start_again(work_struct*) { schedule_delayed_work(&restless, 10); }
int get_starts_restless_work() {
  INIT_DELAYED_WORK(&restless, start_again);
  schedule_delayed_work(&restless, 10);
  return good.cache_get();
}

using VisitNode = bool (*)(void*, unsigned long, unsigned long);
using VisitMagazine = void (*)(void*, const iova_magazine_view*);
using VisitDepot = void (*)(void*, const iova_depot_view*);

void nodes_overlap(const void*, VisitNode visit, void* context) {
  if (visit(context, 10, 20) && visit(context, 20, 30))
    visit(context, IOVA_ANCHOR_PFN, IOVA_ANCHOR_PFN);
}

void no_nodes(const void*, VisitNode, void*) {}

void cached_node_elsewhere(const void* domain, iova_fields* fields) {
  good.fields(domain, fields);
  fields->cached_lo = 7;
}

void* alloc_the_second_best(void* domain, unsigned long size, unsigned long limit, bool aligned) {
  void* first = good.alloc(domain, size, limit, aligned);
  void* second = good.alloc(domain, size, limit, aligned);
  good.free_iova(domain, first);
  return second;
}

unsigned long alloc_without_flush(void* domain, unsigned long size, unsigned long limit, bool) {
  return good.alloc_fast(domain, size, limit, false);
}

unsigned long cache_one_when_refused(void* domain, unsigned long size, unsigned long limit,
                                     bool flush) {
  unsigned long pfn = good.alloc_fast(domain, size, limit, flush);
  if (!pfn) good.free_fast(domain, good.alloc_fast(domain, 1, 1000, false), 1);
  return pfn;
}

void magazine_too_full(const void*, VisitMagazine visit, void* context) {
  static const unsigned long pfns[200] = {};
  iova_magazine_view view{0, 0, false, good.magazine_pfns + 1, pfns};
  visit(context, &view);
}

void magazine_of_unknown_pfn(const void*, VisitMagazine visit, void* context) {
  static const unsigned long pfns[] = {5};
  iova_magazine_view view{0, 0, false, 1, pfns};
  visit(context, &view);
}

void magazines_twice(const void* domain, VisitMagazine visit, void* context) {
  good.each_magazine(domain, visit, context);
  good.each_magazine(domain, visit, context);
}

void depots_of_seven(const void*, VisitDepot visit, void* context) {
  iova_depot_view view{0, 7, true};
  visit(context, &view);
}

void depots_with_work(const void*, VisitDepot visit, void* context) {
  iova_depot_view view{0, 0, true};
  visit(context, &view);
}

struct HiddenWork {
  VisitDepot visit;
  void* context;
};

bool queued_one = false;
const void* queue_nothing(void*, unsigned long, unsigned long, list_head* list) {
  queued_one = true;
  return list;
}

const void* queue_and_put(void* domain, unsigned long pfn, unsigned long size, list_head* list) {
  list_head of_nobody{&of_nobody, &of_nobody};
  put_pages_list(&of_nobody);
  return good.queue->queue(domain, pfn, size, list);
}

// The second call puts the list of the first.
const void* last;
const void* queue_and_put_the_last(void* domain, unsigned long pfn, unsigned long size,
                                   list_head* list) {
  if (last) iommu_put_pages_list(static_cast<iommu_pages_list*>(const_cast<void*>(last)));
  return last = good.queue->queue(domain, pfn, size, list);
}

void counted_backwards(const void* domain, iova_queue_fields* fields) {
  good.queue->fields(domain, fields);
  std::swap(fields->started, fields->finished);
}

constexpr unsigned long first_pfn = 0xfffff;
void the_one_queued(const void*, void (*visit)(void*, const iova_queued_view*), void* context) {
  iova_queued_view view{0, first_pfn, 1, 0};
  if (queued_one) visit(context, &view);
}

template <class Break>
void break_queue(iova_variant& v, Break break_it) {
  static iova_queue queue;
  queue = *good.queue;
  break_it(queue);
  v.queue = &queue;
}

struct Broken {
  const shim::Oracle* oracle;
  const char* key;
  void (*break_it)(iova_variant& variant);
  const char* text;
  bool compared = false;  // compared with `good` instead of judged alone
};

void judge(const Broken& broken, const iova_variant& variant) {
  auto program = program::parse(broken.text);
  if (broken.compared)
    expect_same(good, variant, program);
  else
    run(variant, program, {.watch_races = true});
}

#define QUEUE FAST "queue_init\n"
#define FAST "cache_get\ninit start=16\ninit_rcaches\n"

const Broken broken[] = {
    {&oracle::iova_below_start, "iova-below-start:alloc_iova_fast:alloc_fast:none",
     [](iova_variant& v) { v.alloc_fast = alloc_below_start; }, FAST "alloc_fast\n"},
    {&oracle::iova_above_limit, "iova-above-limit:alloc_iova:alloc:none",
     [](iova_variant& v) { v.alloc_fast = alloc_twice_the_limit; }, FAST "alloc_fast limit=100\n"},
    {&oracle::impossible_granted, "impossible-granted:alloc_iova:alloc:none",
     [](iova_variant& v) { v.alloc_fast = alloc_fast_anywhere; },
     FAST "alloc_fast size=8 limit=6\n"},
    {&oracle::iova_unaligned, "iova-unaligned:alloc_iova:alloc:none",
     [](iova_variant& v) { v.alloc = alloc_unaligned; }, FAST "alloc size=3\n"},
    {&oracle::iova_wrong_size, "iova-wrong-size:alloc_iova:alloc:none",
     [](iova_variant& v) { v.alloc = alloc_rounded_up; }, FAST "alloc size=33\n"},
    {&oracle::iova_overlap, "iova-overlap:alloc_iova_fast:alloc_fast:none",
     [](iova_variant& v) {
       v.alloc_fast = alloc_a_live_pfn;
       v.reset = [] {
         good.reset();
         live = 0;
       };
     },
     FAST "alloc_fast x2\n"},
    {&oracle::lookup_linear, "lookup-linear:find_iova:find:none",
     [](iova_variant& v) { v.find = find_by_walking; }, "cache_get\ninit\nalloc x100\nfind\n"},
    {&oracle::find_wrong, "find-wrong:find_iova:find:none",
     [](iova_variant& v) { v.find = find_nothing; }, FAST "alloc\nfind\n"},
    {&oracle::rcache_range_wrong, "rcache-range-wrong:iova_cache_get:cache_get:none",
     [](iova_variant& v) { v.rcache_range = [] { return PAGE_SIZE; }; }, "cache_get\n"},
    {&oracle::spurious_failure, "spurious-failure:alloc_iova:alloc:none",
     [](iova_variant& v) { v.alloc = alloc_nothing; }, FAST "alloc\n"},
    {&oracle::hint_lower_limit, "hint-lower-limit:alloc_iova:alloc:none",
     [](iova_variant& v) { v = port::v7_3::variant; },
     FAST "alloc_fast size=64 limit=30\nalloc_fast size=64\n"},
    {&oracle::hint_aligned, "hint-aligned:alloc_iova:alloc:none",
     [](iova_variant& v) { v = port::v7_3::variant; },
     FAST "reserve lo=1 size=0xffff3\nreserve lo=dma32-4 size=4\nalloc size=8\n"
          "alloc unaligned size=8\n"},
    {&oracle::hint_not_reset, "hint-not-reset:alloc_iova:alloc:none",
     [](iova_variant& v) {
       v.reset = [] {
         good.reset();
         refused_six = false;
       };
       v.resets_hint_seldom = true;
       v.hint_spares_unaligned = false;
       v.alloc = alloc_but_six;
       v.fields = fields_after_six;
     },
     FAST "reserve lo=1 size=0xfffef\nalloc slot=a unaligned size=10\n"
          "alloc slot=b unaligned size=5\nfree slot=a\nalloc slot=a unaligned size=10\n"
          "alloc unaligned size=6\nfree slot=b\nalloc unaligned size=6\n"},
    {&oracle::second_pass_missing, "second-pass-missing:alloc_iova:alloc:none",
     [](iova_variant& v) {
       v.searches_once = true;
       v.alloc = alloc_below_100;
     },
     FAST "alloc unaligned size=20 limit=35\nalloc\n"},
    {&oracle::limit_wraps, "limit-wraps:alloc_iova:alloc:none",
     [](iova_variant& v) { v = port::v7_3::variant; },
     FAST "edge\nalloc limit=0xffffffffffffffff\n"},
    {&oracle::pfn_0_lost, "pfn-0-lost:alloc_iova_fast:alloc_fast:none",
     [](iova_variant& v) { v = port::v7_3::variant; },
     "cache_get\ninit start=0\ninit_rcaches\nedge\nalloc_fast limit=0\n"},
    {&oracle::owner_robbed, "owner-robbed:__free_iova:__free:none",
     [](iova_variant& v) {
       v.views = 0;
       v.reserve = reserve_in_the_place_of_the_first;
     },
     "cache_get\ninit\nreserve lo=100 size=10\nreserve slot=b lo=200 size=10\n__free\n"},
    // Without views: the end of the run requests the space again.
    {&oracle::capacity_lost, "capacity-lost:any:any:none",
     [](iova_variant& v) {
       v = without_views(v);
       v.free_fast = free_all_but_one;
     },
     FAST "alloc_fast x2\nfree_fast\nfree_fast\n"},
    {&oracle::reserve_lost, "reserve-lost:reserve_iova:reserve:none",
     [](iova_variant& v) { v.reserve = reserve_one_page_less; }, FAST "reserve size=8\n"},
    {&oracle::fault_not_reported, "fault-not-reported:iova_cache_get:cache_get:iova_cache_get",
     [](iova_variant& v) { v.cache_get = get_always_succeeds; }, "fail 0x1\ncache_get\n"},
    {&oracle::failure_without_cause, "failure-without-cause:iova_cache_get:cache_get:none",
     [](iova_variant& v) { v.cache_get = get_always_fails; }, "cache_get\n"},
    {&oracle::error_wrong,
     "error-wrong:iova_domain_init_rcaches:init_rcaches:iova_domain_init_rcaches",
     [](iova_variant& v) { v.init_rcaches = init_rcaches_fails_oddly; },
     "cache_get\ninit\nfail 0x1\ninit_rcaches\n"},
    {&oracle::never_settles, "never-settles:start_again:tick:none",
     [](iova_variant& v) { v.cache_get = get_starts_restless_work; }, "cache_get\nidle\n"},
    {&oracle::memory_unbounded, "memory-unbounded:alloc_leaks:tick:none",
     [](iova_variant& v) {
       v.alloc = alloc_leaks;
       v.strict = false;
     },
     "cache_get\ninit\nalloc x20\nidle\nfree x20\nidle\n"},
    {&oracle::offline_lost, "offline-lost:alloc_iova_fast:alloc_fast:none",
     [](iova_variant& v) {
       v.alloc_fast = alloc_nothing_without_cpu_1;
       v.strict = false;
     },
     FAST "alloc_fast limit=16\ncpu 1\nfree_fast\noffline 1\nalloc_fast limit=16\n"},
    {&oracle::free_not_ignored, "free-not-ignored:free_iova:free_pfn:none",
     [](iova_variant& v) { v.free_pfn = free_pfn_leaks; }, "init\nfree_pfn 100\n"},
    {&oracle::failure_left_traces,
     "failure-left-traces:iova_domain_init_rcaches:init_rcaches:iova_domain_init_rcaches",
     [](iova_variant& v) { v.init_rcaches = init_rcaches_leaks_on_failure; },
     "cache_get\ninit\nfail 0x1\ninit_rcaches\n"},
    {&oracle::queue_early, "queue-early:queue_iova:queue:none",
     [](iova_variant& v) {
       break_queue(v, [](iova_queue& q) { q.queue = queue_and_put_the_last; });
       v.reset = [] {
         good.reset();
         last = nullptr;
       };
     },
     QUEUE "alloc_fast x2\nqueue x2\n"},
    {&oracle::queue_overdue, "queue-overdue:fq_flush_timeout:tick:none",
     [](iova_variant& v) {
       break_queue(v, [](iova_queue& q) {
         q.queue = queue_nothing;
         q.each_queued = the_one_queued;
       });
       v.reset = [] {
         good.reset();
         queued_one = false;
       };
     },
     FAST "alloc_fast\nqueue_init\nqueue\ntick 10\n"},
    {&oracle::queue_stray, "queue-stray:queue_iova:queue:none",
     [](iova_variant& v) { break_queue(v, [](iova_queue& q) { q.queue = queue_and_put; }); },
     QUEUE "alloc_fast\nqueue\n"},
    {&oracle::queue_overrun, "queue-overrun:queue_iova:queue:none",
     [](iova_variant& v) { v = port::v7_3::variant; },
     QUEUE "alloc_fast x300\nqueue\nslow\ntick 10\nqueue x256\n"},
    {&oracle::queue_lost, "queue-lost:queue_iova:queue:none",
     [](iova_variant& v) { break_queue(v, [](iova_queue& q) { q.queue = queue_nothing; }); },
     QUEUE "alloc_fast\nqueue\n"},
    {&oracle::queue_counters, "queue-counters:fq_flush_iotlb:tick:none",
     [](iova_variant& v) { break_queue(v, [](iova_queue& q) { q.fields = counted_backwards; }); },
     QUEUE "alloc_fast\nqueue\nslow\ntick 10\n"},
    {&oracle::data_race, "data-race:count_without_a_lock:alloc_fast:none",
     [](iova_variant& v) { v.alloc_fast = count_without_a_lock; },
     FAST "alloc_fast\ncpu 1\nalloc_fast\n"},
    {&oracle::variants_differ, "variants-differ:alloc_iova:alloc:none",
     [](iova_variant& v) { v.alloc = alloc_unaligned; }, FAST "alloc\nalloc size=4\n", true},
    {&oracle::reserve_partial, "reserve-partial:reserve_iova:reserve:alloc_iova_mem",
     [](iova_variant& v) { v.reserve = reserve_all_but_a_page_and_fail; },
     FAST "reserve lo=100 size=10\nfail 0x1\nreserve lo=90 size=21\n"},
    {&oracle::tree_order, "tree-order:init_iova_domain:init:none",
     [](iova_variant& v) { v.each_node = nodes_overlap; }, "init\n"},
    {&oracle::tree_anchor, "tree-anchor:any:any:none",
     [](iova_variant& v) { v.each_node = no_nodes; }, "init\n"},
    {&oracle::tree_unbalanced, "tree-unbalanced:init_iova_domain:init:none",
     [](iova_variant& v) { v.height = [](const void*) { return 3u; }; }, "init\n"},
    {&oracle::placement_wrong, "placement-wrong:alloc_iova:alloc:none",
     [](iova_variant& v) { v.alloc = alloc_the_second_best; }, FAST "alloc\n"},
    {&oracle::rcache_wrong, "rcache-wrong:alloc_iova_fast:alloc_fast:none",
     [](iova_variant& v) { v.alloc_fast = alloc_past_the_rcaches; },
     FAST "alloc_fast\nfree_fast\nalloc_fast\n"},
    {&oracle::flush_missing, "flush-missing:alloc_iova_fast:alloc_fast:none",
     [](iova_variant& v) { v.alloc_fast = alloc_without_flush; },
     FAST "alloc_fast limit=16\nalloc_fast limit=16\n"},
    {&oracle::flush_incomplete, "flush-incomplete:alloc_iova_fast:alloc_fast:none",
     [](iova_variant& v) { v.alloc_fast = cache_one_when_refused; },
     FAST "alloc_fast limit=16\nalloc_fast limit=16\n"},
    {&oracle::cached_node_wrong, "cached-node-wrong:init_iova_domain:init:none",
     [](iova_variant& v) { v.fields = cached_node_elsewhere; }, "init\n"},
    {&oracle::hint_wrong, "hint-wrong:alloc_iova:alloc:none",
     [](iova_variant& v) { v.hint_from_full_walk_only = false; }, FAST "alloc size=32 limit=20\n"},
    {&oracle::node_unaccounted, "node-unaccounted:any:any:none",
     [](iova_variant& v) { v.free_fast = free_all_but_one; },
     FAST "alloc_fast x2\nfree_fast\nfree_fast\n"},
    {&oracle::capacity_lost, "capacity-lost:any:any:none",
     [](iova_variant& v) {
       v.strict = false;
       v.free_fast = free_all_but_one;
     },
     FAST "alloc_fast x2\nfree_fast x2\n"},
    {&oracle::no_range, "no-range:alloc_iova:alloc:none",
     [](iova_variant& v) { v.alloc = alloc_an_error; }, FAST "alloc\n"},
    {&oracle::node_missing, "node-missing:alloc_iova_fast:alloc_fast:none",
     [](iova_variant& v) { v.alloc_fast = alloc_and_free; }, FAST "alloc_fast\n"},
    {&oracle::magazine_size, "magazine-size:init_iova_domain:init:none",
     [](iova_variant& v) { v.each_magazine = magazine_too_full; }, "init\n"},
    {&oracle::magazine_stray, "magazine-stray:init_iova_domain:init:none",
     [](iova_variant& v) { v.each_magazine = magazine_of_unknown_pfn; }, "init\n"},
    {&oracle::magazine_duplicate, "magazine-duplicate:free_iova_fast:free_fast:none",
     [](iova_variant& v) { v.each_magazine = magazines_twice; }, FAST "alloc_fast\nfree_fast\n"},
    {&oracle::rcache_contents, "rcache-contents:free_iova_fast:free_fast:none",
     [](iova_variant& v) { v.free_fast = free_below_the_latest; },
     FAST "alloc_fast x2\nfree_fast\nfree_fast\n"},
    {&oracle::depot_work_wrong, "depot-work-wrong:init_iova_domain:init:none",
     [](iova_variant& v) { v.each_depot = depots_with_work; }, "init\n"},
    {&oracle::depot_count, "depot-count:any:any:none",
     [](iova_variant& v) { v.each_depot = depots_of_seven; }, "init\n"},
    {&oracle::object_count, "object-count:any:any:none",
     [](iova_variant& v) { v.init_domain = init_leaks; }, "init\n"},
};

void PrintTo(const Broken& broken, std::ostream* out) { *out << broken.key; }

class EngineOracle : public testing::TestWithParam<Broken> {};

TEST_P(EngineOracle, FiresOnABrokenAllocator) {
  iova_variant variant = good;
  GetParam().break_it(variant);
  EXPECT_DEATH(judge(GetParam(), variant),
               literally(std::string("==iovafuzz== key: ") + GetParam().key +
                         "\nbroken rule: " + shim::headline(*GetParam().oracle) + "\n"));
}

TEST_P(EngineOracle, IsSilentOnAGoodOne) { judge(GetParam(), good); }

std::string camel_case(const testing::TestParamInfo<Broken>& info) {
  std::string name;
  bool upper = true;
  for (const char* c = info.param.oracle->id; *c; c++) {
    if (*c != '-') name += upper ? static_cast<char>(std::toupper(*c)) : *c;
    upper = *c == '-';
  }
  for (size_t i = 0; i < info.index; i++)
    if (broken[i].oracle == info.param.oracle) return name + "InAnotherWay";
  return name;
}
INSTANTIATE_TEST_SUITE_P(, EngineOracle, testing::ValuesIn(broken), camel_case);

// A known finding that is not recoverable ends the run, not the process.
TEST(EngineOracles, KnownOnesEndNoProcess) {
  for (const Broken& b : broken) {
    if (b.oracle != &oracle::iova_overlap) continue;
    iova_variant variant = good;
    b.break_it(variant);
    const std::vector<std::string> known{b.key};
    const Result& result = run(variant, program::parse(b.text), {.known = known});
    EXPECT_EQ(result.known_met, known);
    EXPECT_EQ(run(good, program::parse(b.text), {}).known_met, std::vector<std::string>{});
  }
}

TEST(EngineOracles, AllHaveABrokenAllocatorHere) {
  std::set<std::string> covered;
  for (const Broken& b : broken) covered.insert(b.oracle->id);
  for (const shim::Oracle* oracle : oracles()) {
    bool of_harness = std::string(oracle->id).starts_with("contract-");  // duties_test.cc
    EXPECT_NE(covered.contains(oracle->id), of_harness) << oracle->id;
  }
}

TEST(EngineOracles, HaveIdsOfTheirOwn) {
  std::set<std::string> ids;
  for (const shim::Oracle* oracle : oracles()) EXPECT_TRUE(ids.insert(oracle->id).second);
  for (const shim::Oracle* oracle : shim::oracles()) EXPECT_TRUE(ids.insert(oracle->id).second);
}

}  // namespace
}  // namespace engine
