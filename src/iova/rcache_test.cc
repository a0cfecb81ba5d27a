// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <cerrno>

#include "iova/port_test.h"

namespace {

class Rcache : public PortTest {
 protected:
  // Number of frees, of one size on one CPU, that fill both of its magazines.
  size_t two_magazines() const { return 2 * v.magazine_pfns; }
  // Number of frees that put n magazines into the depot.
  size_t frees_for_depot(size_t n) const { return two_magazines() + (n - 1) * v.magazine_pfns + 1; }
};
INSTANTIATE_PORT_TESTS(Rcache);

TEST_P(Rcache, SmallSizesAreRoundedUpToTheirClass) {
  init_with_rcaches();
  for (auto [size, pages] :
       {std::pair{1, 1}, {2, 2}, {3, 4}, {5, 8}, {17, 32}, {31, 32}, {32, 32}}) {
    unsigned long pfn = alloc_fast(size);
    EXPECT_EQ(find(pfn), (Pages{pfn, pfn + pages - 1})) << size;
    EXPECT_EQ(pfn % pages, 0u) << size;
  }
}

TEST_P(Rcache, SizesAboveTheClassesAreExactAndAligned) {
  init_with_rcaches();
  unsigned long pfn = alloc_fast(33);
  EXPECT_EQ(pfn, below_4g + 1 - 64);
  EXPECT_EQ(find(pfn), (Pages{pfn, pfn + 32}));
}

TEST_P(Rcache, SizesAboveTheClassesAreNotCached) {
  init_with_rcaches();
  free_fast(alloc_fast(33), 33);
  EXPECT_TRUE(nodes().empty());
}

TEST_P(Rcache, FreedRangeStaysANodeAndIsCachedByTheCpu) {
  init_with_rcaches();
  unsigned long pfn = alloc_fast(3);
  free_fast(pfn, 3);
  EXPECT_EQ(nodes(), (std::vector<Pages>{{pfn, pfn + 3}}));
  std::vector<Magazine> filled;
  for (const Magazine& magazine : magazines())
    if (!magazine.pfns.empty()) filled.push_back(magazine);
  ASSERT_EQ(filled.size(), 1u);
  EXPECT_EQ(filled[0].bin, 2u);
  EXPECT_EQ(filled[0].cpu, 0);
  EXPECT_FALSE(filled[0].previous);
  EXPECT_EQ(filled[0].pfns, std::vector<unsigned long>{pfn});
}

TEST_P(Rcache, ReusesTheLastFreedFirstOnTheSameCpu) {
  init_with_rcaches();
  unsigned long a = alloc_fast(1), b = alloc_fast(1), c = alloc_fast(1);
  for (unsigned long pfn : {b, a, c}) free_fast(pfn, 1);
  EXPECT_EQ(alloc_fast(1), c);
  EXPECT_EQ(alloc_fast(1), a);
  EXPECT_EQ(alloc_fast(1), b);
}

TEST_P(Rcache, ReuseAllocatesNothing) {
  init_with_rcaches();
  free_fast(alloc_fast(1), 1);
  shim::plan_no_faults();
  alloc_fast(1);
  EXPECT_TRUE(shim::attempts().empty());
}

TEST_P(Rcache, AnotherCpuDoesNotSeeAMagazine) {
  init_with_rcaches();
  unsigned long pfn = alloc_fast(1);
  free_fast(pfn, 1);
  shim_set_current_cpu(1);
  EXPECT_NE(alloc_fast(1), pfn);
}

TEST_P(Rcache, AnotherSizeClassIsAnotherCache) {
  init_with_rcaches();
  unsigned long pfn = alloc_fast(4);
  free_fast(pfn, 4);
  EXPECT_NE(alloc_fast(2), pfn);
  EXPECT_EQ(alloc_fast(3), pfn);
}

TEST_P(Rcache, CachedRangeAboveTheLimitIsLeftAlone) {
  init_with_rcaches();
  unsigned long high = alloc_fast(1), top = alloc_fast(1), low = alloc_fast(1, 1000);
  for (unsigned long pfn : {high, low, top}) free_fast(pfn, 1);
  EXPECT_EQ(alloc_fast(1, 1000), low);
  EXPECT_EQ(alloc_fast(1, 999), 999u);
  EXPECT_EQ(alloc_fast(1), top);
  EXPECT_EQ(alloc_fast(1), high);
}

TEST_P(Rcache, LimitBoundsTheEndOfACachedRange) {
  init_with_rcaches();
  unsigned long pfn = alloc_fast(8, 1023);
  ASSERT_EQ(pfn, 1016u);
  free_fast(pfn, 8);
  EXPECT_EQ(alloc_fast(8, 1022), 1008u);
  EXPECT_EQ(alloc_fast(8, 1023), 1016u);
}

TEST_P(Rcache, RequestLargerThanItsLimit) {
  init_with_rcaches();
  unsigned long pfn = alloc_fast(32);
  free_fast(pfn, 32);
  EXPECT_EQ(alloc_fast(32, 10, false), behaviour.rcache_limit_checked ? 0 : pfn);
}

TEST_P(Rcache, TwoMagazinesFitWithoutTheDepot) {
  init_with_rcaches();
  fill_magazines(two_magazines());
  EXPECT_EQ(depot(0).size, 0u);
  EXPECT_FALSE(depot(0).work_pending);
}

TEST_P(Rcache, OneFreeMoreThanTwoMagazinesFillsTheDepot) {
  init_with_rcaches();
  fill_magazines(two_magazines() + 1);
  EXPECT_EQ(depot(0).size, 1u);
  EXPECT_EQ(depot(0).work_pending, behaviour.depot_is_list);
  EXPECT_EQ(cached_pfns(), two_magazines() + 1);
}

TEST_P(Rcache, AnotherCpuIsServedFromTheDepot) {
  init_with_rcaches();
  auto pfns = fill_magazines(two_magazines() + 1);
  shim_set_current_cpu(1);
  EXPECT_EQ(alloc_fast(1), pfns[two_magazines() - 1]);
  EXPECT_EQ(depot(0).size, 0u);
  EXPECT_EQ(alloc_fast(1), pfns[two_magazines() - 2]);
}

TEST_P(Rcache, MagazinesOfTheFreePathAreAllocatedWithoutSleeping) {
  init_with_rcaches();
  std::vector<unsigned long> pfns;
  for (size_t i = 0; i < two_magazines() + 1; i++) pfns.push_back(alloc_fast(1));
  shim::plan_no_faults();
  for (unsigned long pfn : pfns) free_fast(pfn, 1);
  ASSERT_EQ(shim::attempts().size(), behaviour.lazy_magazines ? 3u : 1u);
  for (const shim::Attempt& attempt : shim::attempts()) {
    EXPECT_EQ(attempt.size, 1024u);
    EXPECT_EQ(attempt.gfp & ~__GFP_ZERO, GFP_ATOMIC);
  }
}

TEST_P(Rcache, FreeWithoutMemoryForAMagazineGoesToTheTree) {
  init_with_rcaches();
  auto pfns = fill_magazines(two_magazines());
  shim_set_current_cpu(1);
  unsigned long pfn = alloc_fast(1);
  shim_set_current_cpu(0);
  fail(0);
  free_fast(pfn, 1);
  EXPECT_EQ(find(pfn), no_pages);
  EXPECT_EQ(depot(0).size, 0u);
  EXPECT_EQ(nodes().size(), pfns.size());
}

TEST_P(Rcache, WorkTrimsTheDepotToTheNumberOfOnlineCpus) {
  init_with_rcaches();
  size_t count = frees_for_depot(5);
  fill_magazines(count);
  ASSERT_EQ(depot(0).size, 5u);
  shim_advance(99);
  EXPECT_EQ(depot(0).size, 5u);
  shim_advance(1);
  EXPECT_EQ(depot(0).size, behaviour.depot_is_list ? 4u : 5u);
  shim_advance(100);
  EXPECT_EQ(depot(0).size, behaviour.depot_is_list ? 3u : 5u);
  shim_advance(1000);
  EXPECT_EQ(depot(0).size, behaviour.depot_is_list ? 2u : 5u);
  EXPECT_FALSE(depot(0).work_pending);
  EXPECT_EQ(nodes().size(), count - (behaviour.depot_is_list ? 3 * v.magazine_pfns : 0));
}

TEST_P(Rcache, FewerOnlineCpusMeanASmallerDepot) {
  init_with_rcaches();
  fill_magazines(frees_for_depot(5));
  shim_cpu_offline(1);
  shim_advance(1000);
  EXPECT_EQ(depot(0).size, behaviour.depot_is_list ? 1u : 5u);
}

TEST_P(Rcache, DepotHolds32MagazinesUnlessItIsAList) {
  init_with_rcaches();
  size_t count = frees_for_depot(32);
  auto pfns = fill_magazines(count);
  EXPECT_EQ(depot(0).size, 32u);
  EXPECT_EQ(nodes().size(), count);
  shim_set_current_cpu(1);
  std::vector<unsigned long> more;
  for (size_t i = 0; i < frees_for_depot(1); i++) more.push_back(alloc(1, below_4g).lo);
  for (unsigned long pfn : more) free_fast(pfn, 1);
  EXPECT_EQ(depot(0).size, behaviour.depot_is_list ? 33u : 32u);
  size_t refused = behaviour.depot_is_list ? 0 : v.magazine_pfns;
  EXPECT_EQ(nodes().size(), count + more.size() - refused);
  EXPECT_EQ(find(more[v.magazine_pfns]) == no_pages, !behaviour.depot_is_list);
}

TEST_P(Rcache, FailureFlushesTheCachesOfAllCpusAndTheDepot) {
  init_with_rcaches();
  std::vector<unsigned long> pfns;
  while (unsigned long pfn = alloc_fast(1, 1023)) pfns.push_back(pfn);
  ASSERT_EQ(pfns.size(), 1023u);
  for (size_t i = 0; i < pfns.size(); i++) {
    shim_set_current_cpu(i % 2);
    free_fast(pfns[i], 1);
  }
  ASSERT_GT(depot(0).size, 0u);
  EXPECT_EQ(alloc_fast(64, 1023), 960u);
  EXPECT_EQ(cached_pfns(), 0u);
  EXPECT_EQ(depot(0).size, 0u);
  EXPECT_EQ(nodes(), (std::vector<Pages>{{960, 1023}}));
}

TEST_P(Rcache, NoFlushLeavesTheCachesAlone) {
  init_with_rcaches();
  std::vector<unsigned long> pfns;
  while (unsigned long pfn = alloc_fast(1, 63)) pfns.push_back(pfn);
  for (unsigned long pfn : pfns) free_fast(pfn, 1);
  EXPECT_EQ(alloc_fast(32, 63, false), 0u);
  EXPECT_EQ(cached_pfns(), pfns.size());
  EXPECT_EQ(alloc_fast(32, 63, true), 32u);
  EXPECT_EQ(cached_pfns(), 0u);
}

TEST_P(Rcache, FlushRetriesWithAFreshObject) {
  init_with_rcaches();
  fail(0);
  EXPECT_EQ(alloc_fast(1), below_4g);
  EXPECT_EQ(shim::attempts().size(), 2u);
  fail(0);
  EXPECT_EQ(alloc_fast(1, below_4g, false), 0u);
}

TEST_P(Rcache, DeadCpuGivesItsRangesBack) {
  init_with_rcaches();
  shim_set_current_cpu(1);
  fill_magazines(v.magazine_pfns + 10);
  unsigned long pfn = alloc_fast(8);
  free_fast(pfn, 8);
  shim_cpu_offline(1);
  EXPECT_TRUE(nodes().empty());
  EXPECT_EQ(cached_pfns(), 0u);
}

TEST_P(Rcache, DeadCpuTakesNothingFromTheOthersOrTheDepot) {
  init_with_rcaches();
  size_t count = two_magazines() + 1;
  fill_magazines(count);
  shim_cpu_offline(1);
  EXPECT_EQ(cached_pfns(), count);
  EXPECT_EQ(depot(0).size, 1u);
}

TEST_P(Rcache, CpuThatIsBackCachesAgain) {
  init_with_rcaches();
  shim_cpu_offline(1);
  shim_cpu_online(1);
  shim_set_current_cpu(1);
  unsigned long pfn = alloc_fast(1);
  free_fast(pfn, 1);
  EXPECT_EQ(alloc_fast(1), pfn);
}

TEST_P(Rcache, PutWithLiveCachedDepotAndReservedRangesLeavesNothing) {
  init();
  reserve(100, 200);
  ASSERT_EQ(v.init_rcaches(domain), 0);
  fill_magazines(frees_for_depot(3));
  shim_set_current_cpu(1);
  fill_magazines(10);
  alloc_fast(5);
  alloc(100, below_64bit);
  put();
  EXPECT_EQ(shim::census().kmalloc_objects, 0u);
  EXPECT_EQ(shim::census().cache_objects, 0u);
  EXPECT_EQ(shim::census().percpu_objects, 0u);
  EXPECT_EQ(shim::census().hotplug_instances, 0u);
  EXPECT_EQ(shim::census().pending_events, 0u);
}

TEST_P(Rcache, LazyMagazinesComeWithTheFirstFree) {
  init_with_rcaches();
  if (!behaviour.lazy_magazines) {
    EXPECT_EQ(magazines().size(), 2u * 2 * IOVA_BINS);
    return;
  }
  EXPECT_TRUE(magazines().empty());
  unsigned long pfn = alloc_fast(1);
  EXPECT_TRUE(magazines().empty());
  free_fast(pfn, 1);
  EXPECT_EQ(magazines().size(), 1u);
  fill_magazines(v.magazine_pfns + 1);
  EXPECT_EQ(magazines().size(), 2u);
  EXPECT_TRUE(magazines()[1].previous);
}

TEST_P(Rcache, LazyMagazineThatFailsSendsTheRangeToTheTree) {
  init_with_rcaches();
  unsigned long pfn = alloc_fast(1);
  fail(0);
  free_fast(pfn, 1);
  EXPECT_EQ(nodes().empty(), behaviour.lazy_magazines);
}

TEST_P(Rcache, DomainsShareNoRanges) {
  init_with_rcaches();
  void* first = domain;
  unsigned long pfn = alloc_fast(1);
  free_fast(pfn, 1);
  init_with_rcaches();
  EXPECT_EQ(cached_pfns(), 0u);
  EXPECT_EQ(alloc_fast(1), pfn);
  put();
  domain = first;
  EXPECT_EQ(cached_pfns(), 1u);
}

class RcacheInit : public Rcache {
 protected:
  size_t points() const { return behaviour.lazy_magazines ? 8 : 32; }
  bool cleanup_frees_null(const shim::Attempt& failed) const {
    return failed.size == 1024 && behaviour.named_magazine_cache &&
           !behaviour.magazine_free_checks_null;
  }
};
INSTANTIATE_PORT_TESTS(RcacheInit);

TEST_P(RcacheInit, AllocatesTheArrayThenTheBinsThenTheHotplugInstance) {
  init();
  shim::plan_no_faults();
  ASSERT_EQ(v.init_rcaches(domain), 0);
  std::vector<shim::Attempt> attempts(shim::attempts().begin(), shim::attempts().end());
  ASSERT_EQ(attempts.size(), points());
  EXPECT_EQ(attempts.front().call, shim::FallibleCall::kmalloc);
  EXPECT_EQ(attempts.back().call, shim::FallibleCall::cpuhp);
  size_t per_bin = behaviour.lazy_magazines ? 1 : 5;
  for (size_t i = 0; i < IOVA_BINS * per_bin; i++) {
    SCOPED_TRACE(i);
    const shim::Attempt& attempt = attempts[1 + i];
    EXPECT_TRUE(attempt.gfp & __GFP_DIRECT_RECLAIM);
    if (i % per_bin == 0) {
      EXPECT_EQ(attempt.call, shim::FallibleCall::percpu_alloc);
    } else {
      EXPECT_EQ(attempt.size, 1024u);
      EXPECT_EQ(attempt.call, behaviour.named_magazine_cache ? shim::FallibleCall::slab_alloc
                                                             : shim::FallibleCall::kmalloc);
    }
  }
}

TEST_P(RcacheInit, FailureAtAnyPointLeavesNothingAndCanBeRepeated) {
  init();
  v.init_rcaches(domain);
  std::vector<shim::Attempt> attempts(shim::attempts().end() - points(), shim::attempts().end());
  put();
  for (size_t point = 0; point < points(); point++) {
    SCOPED_TRACE(describe(attempts[point]));
    init();
    fail(point);
    shim::Census before = shim::census();
    if (cleanup_frees_null(attempts[point])) {
      EXPECT_DEATH(v.init_rcaches(domain),
                   literally("slab-free-null: kmem_cache_free() of a NULL pointer"));
    } else {
      EXPECT_EQ(v.init_rcaches(domain), -ENOMEM);
      EXPECT_EQ(shim::failed_attempts(), 1u);
      EXPECT_EQ(shim::census(), before);
      EXPECT_FALSE(fields().has_rcaches);
      shim::plan_no_faults();
      EXPECT_NE(alloc(1, below_4g), no_pages);
      EXPECT_EQ(v.init_rcaches(domain), 0);
      EXPECT_NE(alloc_fast(1), 0u);
    }
    shim::plan_no_faults();
    put();
  }
}

}  // namespace
