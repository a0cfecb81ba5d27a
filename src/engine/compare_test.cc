// SPDX-License-Identifier: GPL-2.0-only
#include "engine/compare.h"

#include <gtest/gtest.h>

#include "iova/port_variants.h"

namespace engine {
namespace {

const iova_variant& v6_12 = port::v6_12::variant;
const iova_variant& v7_3 = port::v7_3::variant;

program::Program life() {
  return program::parse("cache_get\ninit\ninit_rcaches\nalloc_fast x4\nfree_fast x4\nput\n");
}

TEST(Compare, AnAllocatorDoesTheSameAsItself) {
  EXPECT_FALSE(compare(v6_12, v6_12, life()));
  EXPECT_FALSE(compare(v6_12, v6_12, program::Program{}));
}

TEST(Compare, TellsTheFirstOperationThatDiffersAndWhatEachDid) {
  // 7.3 allocates no magazines at init.
  auto difference = compare(v6_12, v7_3, life());
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->operation, 2u);
  EXPECT_NE(difference->values.find("port@6.12: 0, 32 allocation attempts (3rd: kmem_cache_alloc"),
            std::string::npos)
      << difference->values;
  EXPECT_NE(difference->values.find("port@7.3: 0, 8 allocation attempts (3rd: alloc_percpu"),
            std::string::npos);
}

TEST(Compare, SeesWhatNoOperationReturns) {
  iova_variant leaves_a_hint = v6_12;
  leaves_a_hint.fields = [](const void* domain, iova_fields* fields) {
    v6_12.fields(domain, fields);
    if (fields->cached32_lo != IOVA_ANCHOR_PFN) fields->max32_alloc_size = 77;
  };
  auto difference = compare(v6_12, leaves_a_hint, program::parse("cache_get\ninit\nalloc\nput\n"));
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->operation, 2u);
  EXPECT_NE(difference->values.find("max32_alloc_size 0x4d"), std::string::npos)
      << difference->values;
}

TEST(Compare, FindingsOfBothAreNoDifferenceAndOfOneAre) {
  auto null_magazines = program::parse("cache_get\ninit\nfail 0x10\ninit_rcaches\n");
  EXPECT_FALSE(compare(v6_12, v6_12, null_magazines));
  iova_variant fixed = v6_12;
  fixed.init_rcaches = [](void* domain) { return port::v6_12::variant.init_rcaches(domain); };
  EXPECT_FALSE(compare(v6_12, fixed, null_magazines));
  EXPECT_TRUE(compare(port::v6_1::variant, v6_12, null_magazines));
}

TEST(Compare, FaultsMayBeGivenBesides) {
  const FaultPoint first_of_init[] = {{2, 0}};
  EXPECT_FALSE(compare(v6_12, v6_12, life(), first_of_init));
  auto difference = compare(v6_12, v7_3, life(), first_of_init);
  EXPECT_FALSE(difference) << difference->values;
}

TEST(Compare, KnownDifferencesAreGonePast) {
  const std::string key = "variants-differ:iova_domain_init_rcaches:init_rcaches:none";
  EXPECT_DEATH(expect_same(v6_12, v7_3, life()), key);
  const std::string known[] = {key};
  EXPECT_EQ(expect_same(v6_12, v7_3, life(), {.known = known}), std::vector{key});
  EXPECT_TRUE(expect_same(v6_12, v6_12, life(), {.known = known}).empty());
}

}  // namespace
}  // namespace engine
