// SPDX-License-Identifier: GPL-2.0-only
#include <cerrno>

#include "iova/port_test.h"

namespace {

class Cache : public PortTest {
 protected:
  size_t steps() const { return behaviour.named_magazine_cache ? 3 : 2; }
  // Index of the attempt that creates the first cache.
  size_t first_creation() const { return behaviour.caches_before_hotplug ? 0 : 1; }

  // Expects body, a cache_get() that fails, to raise a finding about stale pointers in revisions
  // that have them.
  template <class Body>
  void expect_stale_cache(Body body) {
    if (behaviour.caches_before_hotplug && !behaviour.cache_pointers_cleared)
      EXPECT_DEATH(body(),
                   literally("slab-destroy-twice: kmem_cache_destroy() of a destroyed cache"));
    else
      body();
  }
};
INSTANTIATE_PORT_TESTS(Cache);

std::string described_attempts() {
  std::string text;
  for (const shim::Attempt& attempt : shim::attempts()) text += describe(attempt) + "\n";
  return text;
}

TEST_P(Cache, GetCreatesCachesAndHotplugStateInTheOrderOfTheVersion) {
  shim::plan_no_faults();
  ASSERT_EQ(cache_get(), 0);
  const char* hotplug = "cpuhp(iommu/iova:dead), GFP_KERNEL, in iova_cache_get()\n";
  const char* iovas =
      "kmem_cache_create(iommu_iova) of 40 bytes, GFP_KERNEL, in iova_cache_get()\n";
  const char* magazines =
      "kmem_cache_create(iommu_iova_magazine) of 1024 bytes, GFP_KERNEL, in iova_cache_get()\n";
  std::string expected;
  if (!behaviour.caches_before_hotplug) expected += hotplug;
  expected += iovas;
  if (behaviour.named_magazine_cache) expected += magazines;
  if (behaviour.caches_before_hotplug) expected += hotplug;
  EXPECT_EQ(described_attempts(), expected);
  EXPECT_EQ(shim::census().caches, behaviour.named_magazine_cache ? 2u : 1u);
  EXPECT_TRUE(shim::census().hotplug_state);
}

TEST_P(Cache, SecondGetOnlyCounts) {
  ASSERT_EQ(cache_get(), 0);
  shim::plan_no_faults();
  ASSERT_EQ(cache_get(), 0);
  EXPECT_TRUE(shim::attempts().empty());
}

TEST_P(Cache, OnlyTheLastPutDestroys) {
  ASSERT_EQ(cache_get(), 0);
  ASSERT_EQ(cache_get(), 0);
  shim::Census in_use = shim::census();
  cache_put();
  EXPECT_EQ(shim::census(), in_use);
  cache_put();
  EXPECT_EQ(shim::census(), shim::Census{});
}

TEST_P(Cache, GetPutCyclesWork) {
  for (int i = 0; i < 3; i++) {
    init();
    EXPECT_NE(alloc(1, below_4g), no_pages);
    put();
    cache_put();
  }
}

TEST_P(Cache, GetThatFailsAtAnyStepLeavesNothingAndCanBeRepeated) {
  for (size_t step = 0; step < steps(); step++) {
    SCOPED_TRACE(step);
    shim::reset_world(2);
    v.reset();
    fail(step);
    EXPECT_EQ(cache_get(), -ENOMEM);
    EXPECT_EQ(shim::attempts().size(), step + 1);
    EXPECT_EQ(shim::census(), shim::Census{});
    shim::plan_no_faults();
    EXPECT_EQ(cache_get(), 0);
    cache_put();
  }
}

TEST_P(Cache, FailedGetAfterTheLastPut) {
  ASSERT_EQ(cache_get(), 0);
  cache_put();
  fail(first_creation());
  expect_stale_cache([this] { EXPECT_EQ(cache_get(), -ENOMEM); });
}

TEST_P(Cache, FailedGetAfterAFailedGet) {
  fail(steps() - 1);
  EXPECT_EQ(cache_get(), -ENOMEM);
  fail(first_creation());
  expect_stale_cache([this] { EXPECT_EQ(cache_get(), -ENOMEM); });
}

TEST_P(Cache, PutWithoutGetWarns) {
  EXPECT_DEATH(v.cache_put(), literally("kernel-warn: WARN_ON() hit"));
}

TEST_P(Cache, AllocationWithoutGetUsesANullCache) {
  domain = kzalloc(v.domain_size, GFP_KERNEL);
  v.init_domain(domain, 4096, 1);
  EXPECT_DEATH(alloc(1, below_4g), literally("slab-null-cache: use of a NULL cache"));
}

TEST(Revisions, NamesSayWhichRevisionAVariantIs) {
  for (const port::NamedVariant& named : port::variants)
    EXPECT_EQ(named.variant->name, std::string("port@") + named.name);
}

TEST(Revisions, VersionsCompareAsUpstreamsDo) {
  EXPECT_LT(port::Version("v6.9"), port::Version("6.12"));
  EXPECT_LT(port::Version("v5.18"), port::Version("v6.1"));
  EXPECT_EQ(port::Version("v6.1 or before"), port::Version(6, 1));
  EXPECT_LT(port::Version("v7.3"), port::not_upstream);
}

TEST(Revisions, HaveTheBehavioursUpToTheirVersion) {
  EXPECT_FALSE(port::revision_of("v6.6").depot_is_list);
  EXPECT_TRUE(port::revision_of("v6.7").depot_is_list);
  EXPECT_FALSE(port::revision_of("v6.7").named_magazine_cache);
  EXPECT_FALSE(port::revision_of("v7.2").lazy_magazines);
  EXPECT_TRUE(port::revisions::v7_3.lazy_magazines);
  EXPECT_FALSE(port::revisions::v7_3.reserve_is_atomic);
  EXPECT_TRUE(port::revisions::fixed.reserve_is_atomic);
}

TEST(Revisions, AreOldestFirst) {
  for (size_t i = 1; i < std::size(port::named_revisions); i++)
    EXPECT_LT(port::named_revisions[i - 1].version, port::named_revisions[i].version);
}

TEST(Revisions, FixesThatUpstreamLacksRepairAFinding) {
  for (const port::Behaviour& behaviour : port::behaviours) {
    bool is_fix = behaviour.since == port::not_upstream;
    EXPECT_TRUE(!is_fix || *behaviour.repairs) << behaviour.flag;
    EXPECT_EQ(is_fix, std::string_view(behaviour.commit) == "not fixed") << behaviour.flag;
  }
}

}  // namespace
