// SPDX-License-Identifier: GPL-2.0-only
// Allocators of other designs that keep every promise, and some that break one where no view shows
// it. For whole kernel trees of other designs, see triage/tests/alternatives_test.cc.
#include <gtest/gtest.h>

#include <bit>
#include <cerrno>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "engine/views.h"
#include "iova/port_variants.h"
#include "shim/context.h"
#include "shim/cpu.h"
#include "shim/slab.h"
#include "testing/literally.h"

extern "C" void __sanitizer_cov_load8(const void* address);  // the compiler's, of an access
extern "C" void __sanitizer_cov_store8(const void* address);

namespace engine {
namespace {

const iova_variant& upstream = port::fixed::variant;

// A design that is not known to be a release's.
iova_variant own_design() {
  iova_variant variant = upstream;
  variant.strict = false;
  return variant;
}

constexpr unsigned caches = IOVA_VIEW_MAGAZINES | IOVA_VIEW_DEPOTS;
iova_variant with_own_caches() {
  iova_variant variant = own_design();
  variant.views &= ~caches;
  return variant;
}

void expect_clean(const iova_variant& variant, const char* text) {
  run(variant, program::parse(text));
}
void expect_found(const iova_variant& variant, const char* text, const char* key) {
  EXPECT_DEATH(run(variant, program::parse(text)), literally(std::string("key: ") + key));
}

// It refuses impossible requests without a flush. Such a refusal says nothing about the caches.
TEST(Design, MayRefuseWithoutAFlush) {
  iova_variant early = own_design();
  early.alloc_fast = [](void* domain, unsigned long size, unsigned long limit, bool flush) {
    return size > limit ? 0 : upstream.alloc_fast(domain, size, limit, flush);
  };
  expect_clean(early, "cache_get\ninit start=16\ninit_rcaches\nalloc_fast limit=16\nfree_fast\n"
                      "alloc_fast size=64 limit=10\nalloc slot=b limit=16\n");
  expect_clean(without_views(early),
               "cache_get\ninit\ninit_rcaches\nalloc_fast x3\nfree_fast x3\n");
}

// With and without views of its caches, which are empty.
TEST(Design, MayDoWithoutCachesAndRoundNothingUp) {
  for (iova_variant plain : {with_own_caches(), own_design()}) {
    plain.alloc_fast = [](void* domain, unsigned long size, unsigned long limit, bool) {
      const void* iova = upstream.alloc(domain, size, limit, true);
      return iova ? upstream.pfn_lo(iova) : 0;
    };
    plain.free_fast = [](void* domain, unsigned long pfn, unsigned long) {
      upstream.free_pfn(domain, pfn);
    };
    expect_clean(plain, "cache_get\ninit start=16\ninit_rcaches\nalloc_fast size=3 limit=19\nfind\n"
                        "alloc slot=b unaligned limit=19\n");
  }
}

// It frees the memory before the call ends.
TEST(Design, MayTakeMemoryToIgnoreAFree) {
  iova_variant allocates = own_design();
  allocates.free_pfn = [](void* domain, unsigned long pfn) {
    kfree(kmalloc(40, GFP_ATOMIC));
    upstream.free_pfn(domain, pfn);
  };
  expect_clean(allocates, "cache_get\ninit\nfree_pfn pfn=5\n");
}

void* set_aside[256];

TEST(Design, MaySetObjectsAside) {
  iova_variant prepared = own_design();
  prepared.init_rcaches = [](void* domain) {
    for (void*& object : set_aside) object = kmalloc(40, GFP_KERNEL);
    return upstream.init_rcaches(domain);
  };
  prepared.put_domain = [](void* domain) {
    for (void*& object : set_aside) kfree(std::exchange(object, nullptr));
    upstream.put_domain(domain);
  };
  expect_clean(prepared, "cache_get\ninit\ninit_rcaches\nidle\n");
}

// It frees the memory of a range in a later call, which may have nothing else to do.
void* left_to_free;
TEST(Design, MayCollectWhatWasFreedBefore) {
  iova_variant lazy = with_own_caches();
  lazy.free_iova = [](void* domain, void* iova) {
    kfree(std::exchange(left_to_free, kmalloc(40, GFP_ATOMIC)));
    upstream.free_iova(domain, iova);
  };
  lazy.free_pfn = [](void* domain, unsigned long pfn) {
    kfree(std::exchange(left_to_free, nullptr));
    upstream.free_pfn(domain, pfn);
  };
  lazy.reserve = [](void* domain, unsigned long lo, unsigned long hi) {
    kfree(std::exchange(left_to_free, nullptr));
    return upstream.reserve(domain, lo, hi);
  };
  expect_clean(lazy, "cache_get\ninit\nalloc x2\n__free\nfree_pfn pfn=0x500\n");
  expect_clean(lazy, "cache_get\ninit\nalloc\n__free\nfail 0x1\nreserve lo=0x200 size=4\n");
  // A free that does something is found where nothing was left to do.
  lazy.free_pfn = [](void* domain, unsigned long) { upstream.free_pfn(domain, 0xfffff); };
  expect_found(lazy, "cache_get\ninit\nalloc x2\nfree_pfn pfn=0x500\n",
               "free-not-ignored:free_iova:free_pfn:none");
}

std::vector<void*> records;
TEST(Design, MayHaveMoreThanOneObjectForARange) {
  iova_variant recording = own_design();
  recording.alloc = [](void* domain, unsigned long size, unsigned long limit, bool aligned) {
    records.push_back(kmalloc(40, GFP_ATOMIC));
    return upstream.alloc(domain, size, limit, aligned);
  };
  recording.put_domain = [](void* domain) {
    for (void* record : std::exchange(records, {})) kfree(record);
    upstream.put_domain(domain);
  };
  expect_clean(recording, "cache_get\ninit\nalloc x1000\nalloc slot=b x1000\nidle\nput\n");
}

TEST(Design, MayHaveAnotherWayWhereAnAllocationFails) {
  iova_variant with_pool = own_design();
  with_pool.alloc = [](void* domain, unsigned long size, unsigned long limit, bool aligned) {
    void* iova = upstream.alloc(domain, size, limit, aligned);
    return iova ? iova : upstream.alloc(domain, size, limit, aligned);
  };
  expect_clean(with_pool, "cache_get\ninit\nfail 0x1\nalloc\n");
  iova_variant prefills = own_design();
  prefills.init_rcaches = [](void* domain) {
    kfree(kmalloc(8, GFP_KERNEL | __GFP_NOWARN));
    return upstream.init_rcaches(domain);
  };
  expect_clean(prefills, "cache_get\ninit\nfail 0x1\ninit_rcaches\n");
}

// Up to 2000 pfns for each CPU and size.
std::vector<unsigned long> kept[program::max_cpus][8];
void give_back_kept(void* domain) {
  for (auto& of_cpu : kept)
    for (std::vector<unsigned long>& of_size : of_cpu) {
      for (unsigned long pfn : of_size) upstream.free_pfn(domain, pfn);
      of_size.clear();
    }
}

TEST(Design, MayHaveLargerCaches) {
  iova_variant large = without_views(upstream);
  large.alloc_fast = [](void* domain, unsigned long size, unsigned long limit, bool flush) {
    const unsigned long pfn = upstream.alloc_fast(domain, size, limit, false);
    if (pfn || !flush) return pfn;
    give_back_kept(domain);
    return upstream.alloc_fast(domain, size, limit, true);
  };
  large.free_fast = [](void* domain, unsigned long pfn, unsigned long size) {
    auto& here = kept[raw_smp_processor_id()][std::bit_width(size) % 8];
    if (here.size() < 2000 && size < 32)
      here.push_back(pfn);
    else
      upstream.free_fast(domain, pfn, size);
  };
  large.put_domain = [](void* domain) {
    give_back_kept(domain);
    upstream.put_domain(domain);
  };
  expect_clean(large, "cache_get\ninit\ninit_rcaches\nalloc_fast x1000\nalloc_fast x1000\n"
                      "alloc_fast x1000\nfree_fast x1000\nfree_fast x500\ncpu 1\nfree_fast x1000\n"
                      "free_fast x500\nidle\n");
}

// reserve() returned the node to the caller that frees it, which orders the accesses.
TEST(Design, MayReadARangeBeforeItTakesALock) {
  constexpr size_t pfn_lo = 3 * sizeof(void*);
  iova_variant reads = own_design();
  reads.reserve = [](void* domain, unsigned long lo, unsigned long hi) {
    void* iova = upstream.reserve(domain, lo, hi);
    if (iova) __sanitizer_cov_store8(static_cast<char*>(iova) + pfn_lo);
    return iova;
  };
  reads.free_iova = [](void* domain, void* iova) {
    __sanitizer_cov_load8(static_cast<char*>(iova) + pfn_lo);
    upstream.free_iova(domain, iova);
  };
  run(reads, program::parse("cache_get\ninit\nreserve lo=20 size=4\ncpu 1\n__free\n"),
      {.watch_races = true});
}

// pfn 0 is granted, although the caller takes it for a refusal, even while another call is
// suspended.
TEST(Pfn0, IsKnownToBeGrantedWhileACallElsewhereIsSuspended) {
  expect_found(port::v7_3::variant,
               "cpus 2\ncache_get\npause 1\ncache_get\ninit start=0\ninit_rcaches\nedge\n"
               "alloc_fast limit=0\nfree_fast\n",
               "pfn-0-lost:alloc_iova_fast:alloc_fast:none");
}

// The request is not suspended, so that the owner of pfn 0 is known.
TEST(Pfn0, IsAskedForWithoutASuspension) {
  expect_found(port::v7_3::variant,
               "cpus 2\ncache_get\ninit start=0\ninit_rcaches\npause 1\nedge\n"
               "alloc_fast limit=0\nalloc slot=b limit=0\nresume\n",
               "pfn-0-lost:alloc_iova_fast:alloc_fast:none");
}

// Granted to another caller meanwhile, pfn 0 is not lost.
TEST(Pfn0, IsNotAskedForWhileAnotherCallMayGetIt) {
  for (int point = 1; point <= 4; point++)
    expect_clean(port::v7_3::variant,
                 ("cpus 2\ncache_get\ninit start=0\ninit_rcaches\npause " + std::to_string(point) +
                  "\nalloc slot=b limit=0\nedge\nalloc_fast limit=0\nresume\n")
                     .c_str());
}

// With or without views, the end of the run requests the whole space once everything is freed.
TEST(Capacity, IsMissedWhereNoFlushReachesIt) {
  iova_variant hides = own_design();
  hides.free_fast = [](void* domain, unsigned long pfn, unsigned long size) {
    const unsigned cpu = raw_smp_processor_id();
    shim_set_current_cpu(1);
    upstream.free_fast(domain, pfn, size);
    shim_set_current_cpu(cpu);
  };
  constexpr const char* text = "cache_get\ninit\ninit_rcaches\noffline 1\nalloc_fast\nfree_fast\n";
  expect_found(hides, text, "capacity-lost:any:any:none");
  expect_found(without_views(hides), text, "capacity-lost:any:any:none");
  // A migrated call that caches nothing is no excuse.
  iova_variant known = hides;
  known.strict = true;
  expect_found(known,
               "cpus 3\ncache_get\ninit start=16\ninit_rcaches\npause 1\nalloc slot=d size=64\n"
               "cpu 2\nresume here\noffline 1\nalloc_fast x16 limit=31\nfree_fast x16\n"
               "alloc_fast slot=b size=16 limit=31\n",
               "spurious-failure:alloc_iova:alloc:none");
}

TEST(Capacity, IsMissedWhereNodesAreShownButNoCaches) {
  iova_variant loses = with_own_caches();
  loses.free_fast = [](void* domain, unsigned long pfn, unsigned long size) {
    if (pfn != 0x14) upstream.free_fast(domain, pfn, size);
  };
  expect_found(loses, "cache_get\ninit\ninit_rcaches\nalloc_fast limit=20\nfree_fast\n",
               "capacity-lost:any:any:none");
}

// A cached page that is granted again and freed to the tree is in no cache.
TEST(Capacity, IsMissedOfPagesThatAreCachedNoMore) {
  iova_variant refuses = without_views(upstream);
  refuses.alloc = [](void* domain, unsigned long size, unsigned long limit, bool aligned) -> void* {
    return limit == 17 ? nullptr : upstream.alloc(domain, size, limit, aligned);
  };
  expect_found(refuses,
               "cache_get\ninit start=17\ninit_rcaches\nalloc_fast limit=17\nfree_fast\n"
               "alloc_fast limit=17\nfree\nalloc unaligned slot=b limit=17\n",
               "spurious-failure:alloc_iova:alloc:none");
  // It is granted again before the call that gave it back is over.
  expect_found(refuses,
               "cpus 2\ncache_get\ninit start=17\ninit_rcaches\nalloc_fast limit=17\npause 3\n"
               "free_fast\nalloc_fast slot=b limit=17\nresume\nfree slot=b\n"
               "alloc unaligned slot=c limit=17\n",
               "spurious-failure:alloc_iova:alloc:none");
}

TEST(Overlap, IsJudgedByWhatItMayTouch) {
  // 64 pages, of a reservation that was widened, are on their way back.
  expect_clean(upstream, "cpus 2\ncache_get\ninit start=0x200000\nreserve lo=0x20003f size=1\n"
                         "reserve slot=b lo=0x200000 size=64\npause 1\n__free\n"
                         "alloc slot=c limit=0x20003f\nresume\n");
  // Queued while another CPU's flush lasts, in the midst of a tick.
  expect_clean(upstream,
               "cpus 4\ncache_get\ninit\ninit_rcaches\nqueue_init\nalloc_fast slot=b x2\n"
               "alloc_fast x256\ncpu 3\nqueue slot=b\npause 13\ntick 20\ncpu 1\nqueue x255\n"
               "slow\nqueue\ncpu 0\nqueue slot=b\nresume\ntick 1\n");
  // A timer's handler that has not cleared its flag yet, while another flush lags.
  expect_clean(upstream,
               "cpus 4\ncache_get\ninit\ninit_rcaches\nqueue_init\nalloc_fast x257\n"
               "alloc_fast slot=b x2\ncpu 3\nqueue x255\npause 5\nqueue\ncpu 1\npause strand=b 1\n"
               "tick 10\ncpu 2\nqueue slot=b\nresume strand=b\ntick 100\nresume\ntick 1\n");
}

TEST(Overlap, HidesNoKnownIssueUnderAnotherName) {
  const iova_variant& v = port::v7_3::variant;
  expect_found(v,
               "cpus 4\ncache_get\ninit\ninit_rcaches\nqueue_init\nalloc_fast x257\nqueue\nslow\n"
               "tick 10\nqueue x255\npause 2\nqueue\nresume here\n",
               "queue-overrun:queue_iova:queue:none");
  // The first call of a counted operation moves; the others fill the ring beside its range.
  expect_found(v,
               "cache_get\ninit\ninit_rcaches\nalloc_fast x4\nqueue_init\nalloc_fast x253\nqueue\n"
               "slow\ntick 100\npause 2\nqueue x256\nresume here\n",
               "queue-overrun:queue_iova:queue:none");
  expect_clean(v, "cpus 2\ncache_get\ninit\ninit_rcaches\ncpu 1\nalloc_fast\nalloc limit=0\n"
                  "free_fast\npause 4\nalloc\noffline 1\nresume\n");
  expect_found(v,
               "cpus 2\ncache_get\ninit\ninit_rcaches\ninit domain=1\npause 1\nalloc domain=1\n"
               "alloc limit=0\nalloc\nresume\n",
               "hint-lower-limit:alloc_iova:alloc:none");
}

// A call that is suspended in another domain excuses no fault in this one.
TEST(Overlap, IsNoExcuseWhereNothingIsTouched) {
  constexpr const char* beside =
      "cpus 2\ncache_get\ninit\ninit_rcaches\nqueue_init\ninit domain=1\nalloc_fast\n";
  const auto with = [&](const char* rest) { return std::string(beside) + rest; };
  iova_variant robs = own_design(), looks_away = own_design(), never_armed = own_design();
  robs.reserve = [](void* domain, unsigned long lo, unsigned long hi) {
    void* iova = upstream.reserve(domain, lo, hi);
    for (unsigned long pfn = lo; !iova && pfn <= hi; pfn++) upstream.free_pfn(domain, pfn);
    return iova;
  };
  expect_found(robs,
               "cpus 2\ncache_get\ninit\ninit domain=1\nreserve lo=20 size=4\npause 1\n"
               "alloc domain=1\nfail 0x1\nreserve slot=b lo=18 size=10\nresume\n"
               "alloc slot=c limit=23\n",
               "reserve-lost:");
  looks_away.find = [](void* domain, unsigned long pfn) {
    return shim::suspended_contexts() ? nullptr : upstream.find(domain, pfn);
  };
  expect_found(looks_away,
               with("alloc slot=b limit=20\npause 1\nalloc domain=1\nfind_pfn pfn=20\n").c_str(),
               "find-wrong:find_iova:find_pfn:none");
  static iova_queue queue = *upstream.queue;
  never_armed.queue = &queue;
  never_armed.views &= ~IOVA_VIEW_RINGS;
  queue.queue = [](void* domain, unsigned long pfn, unsigned long size, list_head* pages) {
    return shim::suspended_contexts() ? static_cast<const void*>(pages)
                                      : upstream.queue->queue(domain, pfn, size, pages);
  };
  expect_found(never_armed,
               with("pause 1\nalloc domain=1\nqueue\ntick 1\nresume\ntick 1000\n").c_str(),
               "queue-overdue:");
}

// A task that moves away and back may leave something on the CPU between.
TEST(Overlap, OfMovesIsRemembered) {
  iova_variant loses = own_design(), slow_free = own_design();
  loses.free_fast = [](void* domain, unsigned long pfn, unsigned long size) {
    if (pfn != 0x14) upstream.free_fast(domain, pfn, size);
  };
  expect_found(loses,
               "cpus 2\ncache_get\ninit\ninit_rcaches\npause 1\nalloc slot=b\nresume here\n"
               "alloc_fast limit=20\nfree_fast\n",
               "capacity-lost:any:any:none");
  slow_free.free_fast = [](void* domain, unsigned long pfn, unsigned long size) {
    kfree(kmalloc(8, GFP_ATOMIC | __GFP_NOWARN));
    upstream.free_fast(domain, pfn, size);
  };
  expect_clean(slow_free,
               "cpus 3\ncache_get\ninit\ninit_rcaches\nalloc_fast limit=1\npause 1\nfree_fast\n"
               "pause 3\nresume here\noffline 1\ncpu 0\nresume here\nalloc_fast limit=1\n");
}

void* error_pointer() { return reinterpret_cast<void*>(-static_cast<intptr_t>(ENOMEM)); }

// The request is impossible as the fast path rounds it.
TEST(Grant, AboveItsLimitIsKnownInAnyDesign) {
  iova_variant as_6_12 = port::v6_12::variant;
  as_6_12.strict = false;
  expect_found(as_6_12,
               "cache_get\ninit\ninit_rcaches\nalloc_fast size=17\nfree_fast\n"
               "alloc_fast size=17 limit=16\n",
               "impossible-granted:iova_rcache_get:alloc_fast:none");
}

TEST(Pointer, IsOfARangeOrNull) {
  iova_variant finds_error = own_design(), reserves_error = own_design();
  finds_error.find = [](void* domain, unsigned long pfn) {
    void* iova = upstream.find(domain, pfn);
    return iova ? iova : error_pointer();
  };
  expect_found(finds_error, "cache_get\ninit\nfind_pfn pfn=5\n",
               "no-range:find_iova:find_pfn:none");
  reserves_error.reserve = [](void* domain, unsigned long lo, unsigned long hi) {
    void* iova = upstream.reserve(domain, lo, hi);
    return iova ? iova : error_pointer();
  };
  expect_found(reserves_error, "cache_get\ninit\nfail 0x1\nreserve lo=5 size=4\n",
               "no-range:reserve_iova:reserve:");
}

// In an empty domain, the overlapping call takes at most one page.
TEST(Overlap, IsNoReasonToRefuseWhereThereIsRoomForBoth) {
  iova_variant gives_up = own_design();
  gives_up.alloc = [](void* domain, unsigned long size, unsigned long limit, bool aligned) {
    return shim::suspended_contexts() ? nullptr : upstream.alloc(domain, size, limit, aligned);
  };
  for (const iova_variant& variant : {gives_up, without_views(gives_up)})
    expect_found(variant,
                 "cpus 2\ncache_get\ninit\ninit_rcaches\npause 1\nalloc_fast\n"
                 "alloc slot=b limit=0x200000\nresume\n",
                 "spurious-failure:alloc_iova:alloc:none");
  // If the other call may have the last pages, overlap is a reason.
  expect_clean(gives_up, "cpus 2\ncache_get\ninit\ninit_rcaches\npause 1\nalloc_fast limit=2\n"
                         "alloc slot=b limit=2\nresume\n");
}

TEST(Overlap, InAnotherDomainExcusesNothing) {
  EXPECT_DEATH(run(port::v6_12::variant,
                   program::parse("cpus 2\ncache_get\ninit\ninit domain=1\nalloc size=32 limit=20\n"
                                  "pause 2\nalloc domain=1\nalloc size=32\nresume\n")),
               "key: hint-");
}

// The array has one entry less than upstream's, so none stays free.
TEST(Queue, MayFillAllEntriesOfARing) {
  static iova_queue full = *upstream.queue;
  full.entries = upstream.queue->entries - 1;
  iova_variant variant = own_design();
  variant.queue = &full;
  expect_clean(variant, "cache_get\ninit\ninit_rcaches\nqueue_init\nalloc_fast x255\n"
                        "queue x255 pages=0\nidle\n");
}

// A later queueing must release ranges that a timer passed over.
TEST(Queue, IsToReleaseWhatATimerPassedOver) {
  static iova_queue forgets = *upstream.queue;
  forgets.queue = [](void* domain, unsigned long pfn, unsigned long size,
                     list_head* pages) -> const void* {
    return shim::suspended_contexts() ? pages : upstream.queue->queue(domain, pfn, size, pages);
  };
  iova_variant variant = without_views(upstream);
  variant.queue = &forgets;
  expect_found(variant,
               "cpus 4\ncache_get\ninit\ninit_rcaches\nqueue_init\nalloc_fast x255\n"
               "alloc_fast slot=b\nalloc_fast slot=c x3\nqueue x255 pages=0\nalloc_fast slot=d\n"
               "slow\nqueue slot=d pages=0\nqueue slot=b pages=0\ntick 100\nflush_done\n"
               "queue slot=c pages=0\ntick 1000\n",
               "queue-overdue:fq_flush_timeout:tick:none");
}

}  // namespace
}  // namespace engine
