// SPDX-License-Identifier: GPL-2.0-only
#include "engine/compare.h"

#include <gtest/gtest.h>

#include "iova/port_variants.h"
#include "shim/slab.h"

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
  EXPECT_EQ(difference->values.find("the function of the 3rd allocation differs:\n"
                                    "  port@6.12: iova_magazine_alloc; 0, 32 allocation attempts"),
            0u)
      << difference->values;
  EXPECT_NE(difference->values.find("\n  port@7.3: iova_domain_init_rcaches; 0, 8 allocation"),
            std::string::npos)
      << difference->values;
}

// v6.12 with another alloc(); everything else is the same.
iova_variant with_allocation(void* (*alloc)(void* domain, unsigned long, unsigned long, bool)) {
  iova_variant variant = v6_12;
  variant.name = "other";
  variant.alloc = alloc;
  return variant;
}
void* granted_after(void* taken, void* domain, unsigned long size, unsigned long limit,
                    bool aligned) {
  kfree(taken);
  return v6_12.alloc(domain, size, limit, aligned);
}

TEST(Compare, KindsOfDifferencesMayBeIgnored) {
  using namespace ignored;
  const auto program = program::parse("cache_get\ninit\nalloc\nput\n");
  auto variant_with = [](auto allocate) {
    static decltype(allocate) stored = allocate;
    return with_allocation([](void* domain, unsigned long size, unsigned long limit, bool aligned) {
      return granted_after(stored(), domain, size, limit, aligned);
    });
  };
  const iova_variant usual = variant_with([] { return kmalloc(8, GFP_ATOMIC); });
  struct Case {
    const char* what;
    iova_variant other;
    unsigned ignored;
  };
  const Case cases[] = {
      {"the GFP flags of the 1st", variant_with([] { return kmalloc(8, GFP_NOWAIT); }), bit(gfp)},
      {"the GFP flags of the 1st", variant_with([] { return kzalloc(8, GFP_ATOMIC); }),
       bit(zeroing)},
      {"the size of the 1st", variant_with([] { return kmalloc(16, GFP_ATOMIC); }), bit(size)},
      {"the function of the 1st", v6_12, bit(allocations)},
  };
  for (const Case& one : cases) {
    auto difference = compare(usual, one.other, program);
    ASSERT_TRUE(difference) << one.what;
    EXPECT_NE(difference->values.find(one.what), std::string::npos) << difference->values;
    for (const Aspect aspect : {gfp, zeroing, size, allocations})
      EXPECT_EQ(compare(usual, one.other, program, {}, bit(aspect)).has_value(),
                aspect != allocations && bit(aspect) != one.ignored)
          << one.what << aspect;
  }
}

TEST(Compare, StateMayBeIgnored) {
  iova_variant leaves_a_hint = v6_12;
  leaves_a_hint.fields = [](const void* domain, iova_fields* fields) {
    v6_12.fields(domain, fields);
    fields->max32_alloc_size = 77;
  };
  const auto program = program::parse("cache_get\ninit\nalloc\nput\n");
  EXPECT_TRUE(compare(v6_12, leaves_a_hint, program));
  EXPECT_FALSE(compare(v6_12, leaves_a_hint, program, {}, ignored::bit(ignored::state)));
  // An answer is never ignored.
  EXPECT_TRUE(compare(
      v6_12, with_allocation([](void* domain, unsigned long size, unsigned long, bool aligned) {
        return v6_12.alloc(domain, size, 0x1000, aligned);
      }),
      program, {}, ~0u));
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
  EXPECT_NE(difference->values.find("max32_alloc_size differs:\n  port@6.12: 0x100000;"),
            std::string::npos)
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

// Of what is known nobody reads more, and a campaign meets it again and again.
TEST(Compare, PutsNothingIntoWordsThatIsKnown) {
  static unsigned runs;
  iova_variant counted = v7_3;
  counted.reset = [] {
    runs++;
    v7_3.reset();
  };
  auto runs_with = [&](std::span<const std::string> known) {
    runs = 0;
    const Options options{.known = known, .keep = [](const std::string&) { return true; }};
    EXPECT_EQ(expect_same(v6_12, counted, life(), options).size(), 1u);
    return runs;
  };
  const std::string known[] = {"variants-differ:iova_domain_init_rcaches:init_rcaches:none"};
  EXPECT_EQ(runs_with({}), 3u);
  EXPECT_EQ(runs_with(known), 2u);
}

}  // namespace
}  // namespace engine
