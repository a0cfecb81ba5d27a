// SPDX-License-Identifier: GPL-2.0-only
#include "engine/domain.h"

#include <gtest/gtest.h>

namespace engine {
namespace {

constexpr uint64_t top = ~uint64_t{0};

TEST(PageSet, IsEmptyAtFirst) {
  PageSet set;
  EXPECT_EQ(set.pages(), 0u);
  EXPECT_FALSE(set.contains(0, 0));
  EXPECT_FALSE(set.intersects(0, top));
}

TEST(PageSet, HoldsBothEndsOfAnInterval) {
  PageSet set;
  set.add(10, 20);
  EXPECT_EQ(set.pages(), 11u);
  EXPECT_TRUE(set.contains(10, 20));
  EXPECT_TRUE(set.contains(10, 10));
  EXPECT_TRUE(set.contains(20, 20));
  EXPECT_FALSE(set.contains(9, 10));
  EXPECT_FALSE(set.contains(20, 21));
  EXPECT_FALSE(set.contains(9, 21));
}

TEST(PageSet, IntersectsWhatSharesAPage) {
  PageSet set;
  set.add(10, 20);
  EXPECT_TRUE(set.intersects(0, 10));
  EXPECT_TRUE(set.intersects(20, 30));
  EXPECT_TRUE(set.intersects(0, top));
  EXPECT_FALSE(set.intersects(0, 9));
  EXPECT_FALSE(set.intersects(21, top));
}

TEST(PageSet, AddingAcrossIntervalsCountsEveryPageOnce) {
  PageSet set;
  set.add(30, 40);
  set.add(10, 20);
  set.add(15, 35);
  EXPECT_EQ(set.pages(), 31u);
  EXPECT_TRUE(set.contains(10, 40));
  set.add(12, 13);
  EXPECT_EQ(set.pages(), 31u);
}

TEST(PageSet, ContainsARunOverAdjacentIntervals) {
  PageSet set;
  set.add(20, 29);
  set.add(10, 19);
  set.add(31, 40);
  EXPECT_TRUE(set.contains(15, 25));
  EXPECT_FALSE(set.contains(25, 35));
}

TEST(PageSet, RunsEndAtTheFirstGap) {
  PageSet set;
  set.add(20, 29);
  set.add(10, 19);
  set.add(31, 40);
  EXPECT_EQ(set.run_end(10), 29u);
  EXPECT_EQ(set.run_end(25), 29u);
  EXPECT_EQ(set.run_end(31), 40u);
  set.add(top - 5, top);
  EXPECT_EQ(set.run_end(top - 1), top);
}

TEST(PageSet, CoversTheSameHoweverItIsDivided) {
  PageSet divided, whole;
  divided.add(10, 19);
  divided.add(20, 29);
  whole.add(10, 29);
  EXPECT_TRUE(divided.covers_the_same(whole));
  EXPECT_TRUE(whole.covers_the_same(divided));
  whole.add(31, 31);
  EXPECT_FALSE(divided.covers_the_same(whole));
  divided.add(32, 32);
  EXPECT_FALSE(divided.covers_the_same(whole));
}

TEST(PageSet, ReachesTheHighestPfn) {
  PageSet set;
  set.add(top - 1, top);
  EXPECT_EQ(set.pages(), 2u);
  EXPECT_TRUE(set.contains(top, top));
  set.remove(top, top);
  EXPECT_TRUE(set.contains(top - 1, top - 1));
  EXPECT_EQ(set.pages(), 1u);
}

TEST(PageSet, RemovingTheMiddleLeavesBothSides) {
  PageSet set;
  set.add(10, 20);
  set.remove(14, 16);
  EXPECT_EQ(set.pages(), 8u);
  EXPECT_TRUE(set.contains(10, 13));
  EXPECT_TRUE(set.contains(17, 20));
  EXPECT_FALSE(set.intersects(14, 16));
}

TEST(PageSet, RemovingTheEndsAndBeyond) {
  PageSet set;
  set.add(10, 20);
  set.remove(0, 11);
  set.remove(19, top);
  EXPECT_TRUE(set.contains(12, 18));
  EXPECT_EQ(set.pages(), 7u);
  set.remove(0, top);
  EXPECT_EQ(set.pages(), 0u);
}

TEST(PageSet, RemovingFromPfn0DoesNotWrap) {
  PageSet set;
  set.add(0, 5);
  set.remove(0, 0);
  EXPECT_TRUE(set.contains(1, 5));
  EXPECT_EQ(set.pages(), 5u);
}

TEST(PageSet, RemovingWhatIsNotThereChangesNothing) {
  PageSet set;
  set.add(10, 20);
  set.remove(0, 9);
  set.remove(21, 30);
  EXPECT_EQ(set.pages(), 11u);
}

class LiveOverlap : public testing::Test {
 protected:
  LiveOverlap() {
    for (Range& range : ranges_) domain_.live.insert(range);
  }
  ~LiveOverlap() override { domain_.forget_ranges(); }
  const Range* overlap(uint64_t lo, uint64_t hi) const { return domain_.live_overlap(lo, hi); }

  Range ranges_[2] = {{10, 19, 10, nullptr, RangeKind::tree, {}, {}},
                      {30, 39, 10, nullptr, RangeKind::fast, {}, {}}};
  Domain domain_;
};

TEST_F(LiveOverlap, IsNoneInGaps) {
  EXPECT_EQ(overlap(0, 9), nullptr);
  EXPECT_EQ(overlap(20, 29), nullptr);
  EXPECT_EQ(overlap(40, top), nullptr);
}

TEST_F(LiveOverlap, IsFoundAtEveryPage) {
  for (uint64_t pfn = 10; pfn < 20; pfn++) EXPECT_EQ(overlap(pfn, pfn), &ranges_[0]);
  for (uint64_t pfn = 30; pfn < 40; pfn++) EXPECT_EQ(overlap(pfn, pfn), &ranges_[1]);
}

TEST_F(LiveOverlap, IsFoundFromBelowAboveAndAround) {
  EXPECT_EQ(overlap(0, 10), &ranges_[0]);
  EXPECT_EQ(overlap(19, 25), &ranges_[0]);
  EXPECT_EQ(overlap(5, 25), &ranges_[0]);
  EXPECT_EQ(overlap(25, 45), &ranges_[1]);
  EXPECT_NE(overlap(0, top), nullptr);
}

TEST_F(LiveOverlap, IsGoneWithTheRange) {
  domain_.live.erase(domain_.live.iterator_to(ranges_[0]));
  EXPECT_EQ(overlap(0, 25), nullptr);
}

TEST(EngineDomain, KnowsWhere4GiBIs) {
  Domain domain;
  domain.granule_shift = 12;
  EXPECT_EQ(domain.first_pfn_above_32bit(), uint64_t{1} << 20);
  domain.granule_shift = 0;
  EXPECT_EQ(domain.first_pfn_above_32bit(), uint64_t{1} << 32);
}

}  // namespace
}  // namespace engine
