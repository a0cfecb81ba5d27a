// SPDX-License-Identifier: GPL-2.0-only
#include "engine/reference/model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/engine.h"
#include "engine/oracles.h"
#include "iova/port_variants.h"
#include "testing/literally.h"

namespace engine {
namespace {

constexpr uint64_t first_above_4g = 1 << 20;  // pfns of 4 KiB
constexpr uint64_t limit32 = first_above_4g - 1, limit64 = (uint64_t{1} << 36) - 1;

Model model(uint64_t start = 1, const iova_variant& variant = port::v6_12::variant) {
  Model m;
  m.init(variant, start, first_above_4g);
  return m;
}

Request strict(uint64_t size, uint64_t limit) { return {size, limit, true}; }
Request loose(uint64_t size, uint64_t limit) { return {size, limit, false}; }

TEST(Model, PlacesTopDownAndAlignsToThePowerOfTwoAbove) {
  Model m = model();
  EXPECT_EQ(m.allocate(strict(1, limit32)), 0xfffff);
  EXPECT_EQ(m.allocate(strict(3, limit32)), 0xffff8 + 4);
  EXPECT_EQ(m.allocate(strict(8, limit32)), 0xffff0);
  // The search continues below the last node, although there is a gap above it.
  EXPECT_EQ(m.allocate(loose(1, limit32)), 0xfffef);
}

TEST(Model, FillsAGapToItsLastPageAndTheStartToItsFirst) {
  Model m = model();
  EXPECT_EQ(m.allocate(loose(15, 15)), 1);
  EXPECT_EQ(m.allocate(loose(1, 15)), std::nullopt);
  EXPECT_EQ(m.allocate(loose(1, 16)), std::nullopt) << "the hint refuses";
  m.remove(1);
  EXPECT_EQ(m.allocate(loose(16, 16)), 1);
}

TEST(Model, RefusesARequestLargerThanItsLimit) {
  Model m = model(0);
  EXPECT_EQ(m.allocate(loose(17, 15)), std::nullopt);
  EXPECT_EQ(m.allocate(strict(uint64_t{1} << 63, limit64)), std::nullopt);
}

TEST(Model, LooksAboveTheCachedNodeInASecondPass) {
  Model m = model();
  auto a = m.allocate(loose(10, 100));
  auto b = m.allocate(loose(50, 100));
  EXPECT_EQ(a, 91);
  EXPECT_EQ(b, 41);
  m.remove(*a);
  EXPECT_EQ(m.allocate(loose(20, 100)), 21) << "the first pass goes on below";
  EXPECT_EQ(m.allocate(loose(20, 100)), 1);
  EXPECT_EQ(m.allocate(loose(10, 100)), 91);
}

// Until v6.2 the second pass from the anchor went below the start.
TEST(Model, SecondPassFromTheAnchorWrapsWhereItDid) {
  iova_variant variant = port::v6_1::variant;
  EXPECT_EQ(model(100, variant).allocate(loose(10, 105)), std::nullopt);
  variant.wraps_second_pass = true;
  Model m = model(100, variant);
  EXPECT_EQ(m.allocate(loose(10, 105)), 96);
  EXPECT_EQ(m.allocate(loose(10, 95)), std::nullopt) << "not from another node";
}

// Until v5.11 a search that began too low failed, and then the hint refused later requests.
TEST(Model, ExplainsAHintByTheSecondPassThatIsMissing) {
  iova_variant variant = port::v6_1::variant;
  variant.searches_once = true;
  Model m = model(1, variant);
  auto a = m.allocate(loose(10, 100));
  m.allocate(loose(50, 100));
  m.remove(*a);
  m.allocate(loose(20, 100));
  m.allocate(loose(20, 100));
  for (bool by_hint : {false, true}) {
    EXPECT_EQ(m.allocate(loose(10, 100)), std::nullopt);
    EXPECT_EQ(&m.explain_refusal(loose(10, 100)), &oracle::second_pass_missing) << by_hint;
  }
}

TEST(Model, KeepsACachedNodeForEachSideOf4G) {
  Model m = model();
  EXPECT_EQ(m.allocate(strict(1, limit64)), limit64);
  EXPECT_EQ(m.allocate(strict(1, limit32)), limit32);
  EXPECT_EQ(m.allocate(strict(1, limit64)), limit64 - 1);
  EXPECT_EQ(m.allocate(strict(1, limit32)), limit32 - 1);
  iova_fields fields{};
  fields.cached_lo = fields.cached_hi = limit64 - 1;
  fields.cached32_lo = fields.cached32_hi = limit32 - 1;
  EXPECT_EQ(m.wrong_cached_nodes(fields), "");
  fields.cached32_lo = limit32;
  EXPECT_NE(m.wrong_cached_nodes(fields).find("cached32_node"), std::string::npos);
}

TEST(Model, AFailedWalkSetsTheHintAndAFreeResetsIt) {
  Model m = model();
  auto low = m.allocate(loose(4, 10));
  EXPECT_EQ(m.allocate(loose(8, 10)), std::nullopt);
  EXPECT_EQ(m.hint(), 8u);
  EXPECT_EQ(m.allocate(loose(8, limit32)), std::nullopt) << "whatever the limit";
  EXPECT_EQ(m.allocate(loose(16, 10)), std::nullopt);
  EXPECT_EQ(m.hint(), 8u) << "a refusal without a walk does not raise it";
  EXPECT_TRUE(m.allocate(loose(8, limit64)));
  m.remove(*low);
  EXPECT_EQ(m.hint(), first_above_4g);
}

TEST(Model, WithoutTheQuirksOnlyTheWholeSpaceSetsTheHint) {
  Model m = model(1, port::fixed::variant);
  EXPECT_EQ(m.allocate(loose(32, 10)), std::nullopt);
  EXPECT_EQ(m.hint(), first_above_4g);
  EXPECT_TRUE(m.allocate(loose(32, limit32)));
}

TEST(Model, AFlushEndsTheSameInAnyOrder) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; round++) {
    Model m = model(), other = model();
    std::vector<uint64_t> starts;
    for (int i = 0; i < 12; i++) {
      uint64_t limit = random() % 3 ? limit32 : random() % 2 ? limit64 : 64;
      const Request request = strict(1 + random() % 4, limit);
      if (auto lo = m.allocate(request)) starts.push_back(*lo);
      other.allocate(request);
      if (!starts.empty() && random() % 4 == 0) {
        size_t i = random() % starts.size();
        m.remove(starts[i]);
        other.remove(starts[i]);
        starts.erase(starts.begin() + static_cast<long>(i));
      }
    }
    std::shuffle(starts.begin(), starts.end(), random);
    starts.resize(starts.size() / 2);
    for (uint64_t lo : starts) m.remove(lo);
    std::shuffle(starts.begin(), starts.end(), random);
    for (uint64_t lo : starts) other.remove(lo);
    EXPECT_EQ(m.nodes(), other.nodes());
    EXPECT_EQ(m.hint(), other.hint());
    // The next placements depend on the cached nodes.
    for (uint64_t limit : {limit32, limit64})
      EXPECT_EQ(m.allocate(strict(1, limit)), other.allocate(strict(1, limit)));
  }
}

// Refusals of requests that fit, by known quirks of the hint or for other reasons.
const iova_variant& buggy = port::v7_3::variant;
const iova_variant& fixed = port::fixed::variant;

const std::string lower_limit = "hint-lower-limit:";
const std::string by_alignment = "hint-aligned:";
const std::string wrong = "hint-wrong:";

void expect_death(const iova_variant& variant, const std::string& text, const std::string& key) {
  EXPECT_DEATH(run(variant, program::parse(text)), literally("==iovafuzz== key: " + key));
}

// All but the last 16 pages below 4 GiB are reserved.
const std::string ready = "cache_get\ninit\ninit_rcaches\n";
const std::string few_left = ready + "reserve lo=1 size=0xfffef\n";
// Nothing of that size is free below the limit, so the hint becomes 8.
const std::string fails_low = "alloc size=8 limit=20\n";

TEST(Hint, LowerLimitExplainsARefusal) {
  expect_death(buggy, few_left + fails_low + "alloc size=8\n", lower_limit + "alloc_iova:alloc:");
  run(fixed, program::parse(few_left + fails_low + "alloc size=8\n"));
}

TEST(Hint, LowerLimitExplainsRefusalsOfMore) {
  expect_death(buggy, few_left + fails_low + "alloc unaligned size=11\n", lower_limit);
}

TEST(Hint, LowerLimitExplainsRefusalsOnTheFastPathWhenTheFlushFreesNothing) {
  expect_death(buggy, few_left + fails_low + "alloc_fast size=7\n",
               lower_limit + "alloc_iova:alloc:none");
}

TEST(Hint, FastRequestSetsItWithItsRoundedSize) {
  expect_death(buggy, few_left + "alloc_fast size=7 limit=20\nalloc size=8\n", lower_limit);
}

TEST(Hint, LowerLimitGoesBeforeAlignment) {
  expect_death(buggy, few_left + fails_low + "alloc unaligned size=8\n", lower_limit);
}

TEST(Hint, AlignmentExplainsARefusal) {
  std::string text = ready + "reserve lo=1 size=0xffff3\nreserve lo=dma32-4 size=4\nalloc size=8\n"
                             "alloc unaligned size=8\n";
  expect_death(buggy, text, by_alignment + "alloc_iova:alloc:none");
  run(fixed, program::parse(text));
}

// A request with a limit above 4 GiB ignores the hint but sets it.
TEST(Hint, AlignedFailureAbove4GExplainsARefusal) {
  expect_death(buggy,
               ready + "reserve lo=1 size=0xffff3\nreserve lo=dma32-4 size=32\n"
                       "alloc size=8 limit=dma32+27\nalloc unaligned size=8\n",
               by_alignment);
}

// An allocator with its own hint: the size of the last failed request, never reset.
unsigned long first_hint, stubborn_hint;

iova_variant stubborn(unsigned long hint = 0x100000) {
  iova_variant variant = fixed;
  first_hint = hint;
  variant.reset = [] {
    fixed.reset();
    stubborn_hint = first_hint;
  };
  variant.alloc = [](void* domain, unsigned long size, unsigned long limit, bool align) -> void* {
    if (limit < 0x100000 && size >= stubborn_hint) return nullptr;
    void* iova = fixed.alloc(domain, size, limit, align);
    if (!iova) stubborn_hint = size;
    return iova;
  };
  variant.fields = [](const void* domain, iova_fields* fields) {
    fixed.fields(domain, fields);
    fields->max32_alloc_size = stubborn_hint;
  };
  return variant;
}

TEST(Hint, NotResetByAFreeIsNoKnownQuirk) {
  expect_death(stubborn(), few_left + "alloc size=8 x2\nalloc size=8\nfree\nalloc size=8\n",
               wrong + "free_iova:free:none");
}

TEST(Hint, NotResetByAFreeIsNoKnownQuirkForALowerLimitEither) {
  expect_death(stubborn(),
               few_left + "alloc size=8\nalloc slot=b size=8\nalloc size=8\nfree slot=b\n"
                          "alloc size=8 limit=dma32-4\n",
               wrong);
}

TEST(Hint, OfWhichNobodyKnowsTheCauseExplainsNothing) {
  expect_death(stubborn(4), few_left + "alloc size=8\n", wrong);
}

TEST(Hint, CauseIsForgottenWithItsDomain) {
  expect_death(stubborn(), ready + "alloc size=64 limit=20\nput\ninit\nalloc size=64\n", wrong);
}

TEST(Hint, LatestCauseCounts) {
  std::string text = few_left + "alloc size=8 x2\nalloc slot=b size=8 limit=20\n"
                                "alloc slot=b size=4\nfree x2\nalloc size=8\n";
  run(buggy, program::parse(text));
  expect_death(stubborn(), text, wrong);
}

// The last 16 pages below 4 GiB are cached, and a request under the full limit has set the hint.
const std::string cached = few_left + "alloc_fast size=8 x2\nfree_fast x2\nalloc slot=b size=8\n";

// The first try is refused, the flush resets the hint, and the second try sets the same value, but
// for its own limit.
TEST(Hint, IsSetAnewByTheTryAfterAFlush) {
  std::string text = cached + "alloc_fast slot=b size=8 limit=40\nalloc size=8\n";
  expect_death(buggy, text, lower_limit);
  run(fixed, program::parse(text));
}

TEST(Hint, IsSetAnewByTheTryAfterAFlushWhenTheFirstFoundNoMemory) {
  expect_death(buggy, cached + "fail 0x1\nalloc_fast slot=b size=8 limit=40\nalloc size=8\n",
               lower_limit);
}

TEST(Hint, IsNotSetAnewWhenTheTryAfterAFlushFindsNoMemory) {
  run(buggy,
      program::parse(cached + "fail 0x2\nalloc_fast slot=b size=8 limit=40\nalloc size=8\n"));
}

TEST(Hint, KeepsItsCauseWhenAFlushFreesRangesAbove4GOnly) {
  std::string text = few_left + fails_low + "alloc_fast limit=dma32+99\nfree_fast\n";
  expect_death(buggy, text + "alloc_fast size=8\n", lower_limit);
  expect_death(buggy, text + "fail 0x1\nalloc_fast size=8\nalloc size=8\n", lower_limit);
}

// The walk of a fast request above 4 GiB sets the hint although the try after the flush succeeds.
TEST(Hint, IsSetByAFastRequestThatSucceedsAfterAFlush) {
  expect_death(buggy,
               ready + "reserve lo=1 size=0xffff3\nreserve lo=dma32-4 size=4\n"
                       "alloc_fast size=4 x2 limit=dma32+7\nfree_fast x2\n"
                       "alloc_fast size=8 limit=dma32+7\nalloc unaligned size=8\n",
               by_alignment);
}

}  // namespace
}  // namespace engine
