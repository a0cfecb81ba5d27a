// SPDX-License-Identifier: GPL-2.0-only
#include "iova/port_test.h"

namespace {

class Domain : public PortTest {};
INSTANTIATE_PORT_TESTS(Domain);

using Tree = std::vector<Pages>;

TEST_P(Domain, StartsEmptyWithBothCachedNodesAtTheAnchor) {
  init(7);
  EXPECT_TRUE(nodes().empty());
  iova_fields f = fields();
  EXPECT_EQ(f.granule, 4096u);
  EXPECT_EQ(f.start_pfn, 7u);
  EXPECT_EQ(f.dma_32bit_pfn, 1ul << 20);
  EXPECT_EQ(f.max32_alloc_size, 1ul << 20);
  EXPECT_EQ(f.cached_lo, IOVA_ANCHOR_PFN);
  EXPECT_EQ(f.cached_hi, IOVA_ANCHOR_PFN);
  EXPECT_EQ(f.cached32_lo, IOVA_ANCHOR_PFN);
  EXPECT_EQ(f.cached32_hi, IOVA_ANCHOR_PFN);
  EXPECT_FALSE(f.has_rcaches);
}

TEST_P(Domain, FirstPfnAbove4GiBFollowsTheGranule) {
  init(1, 1);
  EXPECT_EQ(fields().dma_32bit_pfn, 1ul << 32);
  EXPECT_EQ(alloc(1, 0xffffffff), (Pages{0xffffffff, 0xffffffff}));
}

TEST_P(Domain, GranuleThatIsNoPowerOfTwoIsABug) {
  EXPECT_DEATH(init(1, 3), literally("kernel-bug: BUG_ON() hit"));
}

TEST_P(Domain, GranuleAboveThePageSizeIsABug) {
  EXPECT_DEATH(init(1, 8192), literally("kernel-bug: BUG_ON() hit"));
}

TEST_P(Domain, PlacesFromTheTopDown) {
  init();
  EXPECT_EQ(alloc(1, below_4g), (Pages{0xfffff, 0xfffff}));
  EXPECT_EQ(alloc(1, below_4g), (Pages{0xffffe, 0xffffe}));
  EXPECT_EQ(alloc(1, below_64bit), (Pages{below_64bit, below_64bit}));
  EXPECT_EQ(alloc(4, below_4g), (Pages{0xffff8, 0xffffb}));
}

TEST_P(Domain, AlignsToTheSizeRoundedUpAndKeepsTheSizeAsAsked) {
  init();
  EXPECT_EQ(alloc(33, below_4g), (Pages{0xfffc0, 0xfffe0}));
  EXPECT_EQ(alloc(3, below_4g), (Pages{0xfffbc, 0xfffbe}));
}

TEST_P(Domain, UnalignedTakesTheVeryTop) {
  init();
  EXPECT_EQ(alloc(33, below_4g, unaligned), (Pages{0xfffdf, 0xfffff}));
  EXPECT_EQ(alloc(3, below_4g, unaligned), (Pages{0xfffdc, 0xfffde}));
}

TEST_P(Domain, LimitIsInclusive) {
  init();
  EXPECT_EQ(alloc(1, 100), (Pages{100, 100}));
  EXPECT_EQ(alloc(10, 50, unaligned), (Pages{41, 50}));
}

TEST_P(Domain, LimitBelowTheStartFails) {
  init(256);
  EXPECT_EQ(alloc(2, 0), no_pages);
  EXPECT_EQ(alloc(1, 255), no_pages);
}

TEST_P(Domain, ExactFitReachesFromTheStartToTheLimit) {
  init();
  EXPECT_EQ(alloc(15, 15, unaligned), (Pages{1, 15}));
}

TEST_P(Domain, OnePageMoreThanThereIsFails) {
  init();
  EXPECT_EQ(alloc(16, 15, unaligned), no_pages);
}

TEST_P(Domain, ExactFitBetweenTwoRanges) {
  init();
  reserve(1, 9);
  reserve(15, 100);
  EXPECT_EQ(alloc(5, 100, unaligned), (Pages{10, 14}));
}

TEST_P(Domain, AlignedExactFitIsUsed) {
  init();
  reserve(1, 15);
  reserve(32, below_4g);
  EXPECT_EQ(alloc(16, below_4g), (Pages{16, 31}));
}

TEST_P(Domain, SearchDoesNotWrapBelowPfn0) {
  init(0);
  reserve(0, 15);
  EXPECT_EQ(alloc(4, 15), no_pages);
  EXPECT_EQ(alloc(32, 15), no_pages);
}

TEST_P(Domain, Pfn0IsUsableWhenTheStartIs0) {
  init(0);
  EXPECT_EQ(alloc(16, 15), (Pages{0, 15}));
}

TEST_P(Domain, RangeMayStraddle4GiB) {
  init();
  Pages straddling{below_4g - 9, below_4g + 10};
  EXPECT_EQ(alloc(20, below_4g + 10, unaligned), straddling);
  EXPECT_EQ(fields().cached_lo, straddling.lo);
  EXPECT_EQ(fields().cached32_lo, IOVA_ANCHOR_PFN);
  EXPECT_EQ(alloc(1, below_4g), (Pages{straddling.lo - 1, straddling.lo - 1}));
}

TEST_P(Domain, The32BitSearchGoesOnBelowItsLastRange) {
  init();
  reserve(1000, 1000);
  alloc(10, 2000, unaligned);
  EXPECT_EQ(fields().cached32_lo, 1991u);
  EXPECT_EQ(alloc(1, 3000), (Pages{1990, 1990}));
}

TEST_P(Domain, SecondPassFindsTheHoleAboveTheCachedNode) {
  init();
  EXPECT_EQ(alloc(10, 100, unaligned), (Pages{91, 100}));
  EXPECT_EQ(alloc(50, 100, unaligned), (Pages{41, 90}));
  free_pfn(91);
  EXPECT_EQ(alloc(20, 100, unaligned), (Pages{21, 40}));
  EXPECT_EQ(alloc(20, 100, unaligned), (Pages{1, 20}));
  EXPECT_EQ(alloc(10, 100, unaligned), (Pages{91, 100}));
}

TEST_P(Domain, SecondPassUsesAHoleThatTouchesTheCachedNode) {
  init();
  EXPECT_EQ(alloc(50, 50, unaligned), (Pages{1, 50}));
  EXPECT_EQ(alloc(50, 100, unaligned), (Pages{51, 100}));
}

TEST_P(Domain, SecondPassStartsAtTheNodeThatReachesOverTheLimit) {
  init();
  reserve(50, 200);
  EXPECT_EQ(alloc(40, 100, unaligned), (Pages{10, 49}));
  EXPECT_EQ(alloc(20, 100, unaligned), no_pages);
  EXPECT_EQ(alloc(9, 100, unaligned), (Pages{1, 9}));
}

TEST_P(Domain, FreeingMovesTheCachedNodeUp) {
  init();
  Pages first = alloc(1, below_4g), second = alloc(1, below_4g);
  free_pfn(first.lo);
  EXPECT_EQ(fields().cached32_lo, IOVA_ANCHOR_PFN);
  EXPECT_EQ(alloc(1, below_4g), first);
  free_pfn(first.lo);
  free_pfn(second.lo);
  EXPECT_EQ(alloc(1, below_4g), first);
}

TEST_P(Domain, RefusalByTheHintDoesNotRaiseIt) {
  init();
  reserve(4, below_4g);
  EXPECT_EQ(alloc(8, below_4g), no_pages);
  EXPECT_EQ(fields().max32_alloc_size, 8u);
  EXPECT_EQ(alloc(16, below_4g), no_pages);
  EXPECT_EQ(fields().max32_alloc_size, 8u);
}

TEST_P(Domain, AnyFreeBelow4GiBResetsTheHint) {
  init();
  reserve(1, below_4g - 20);
  Pages a = alloc(10, below_4g, unaligned), b = alloc(10, below_4g, unaligned);
  EXPECT_EQ(alloc(10, below_4g, unaligned), no_pages);
  free_pfn(a.lo);
  EXPECT_EQ(alloc(10, below_4g, unaligned), a);
  EXPECT_EQ(alloc(10, below_4g, unaligned), no_pages);
  EXPECT_EQ(fields().max32_alloc_size, 10u);
  free_pfn(b.lo);
  EXPECT_EQ(fields().max32_alloc_size, 1ul << 20);
  EXPECT_EQ(alloc(10, below_4g, unaligned), b);
}

TEST_P(Domain, FreeAbove4GiBLeavesTheHint) {
  init();
  reserve(4, below_4g);
  Pages high = alloc(1, below_64bit);
  EXPECT_EQ(alloc(8, below_4g), no_pages);
  free_pfn(high.lo);
  EXPECT_EQ(fields().max32_alloc_size, 8u);
}

TEST_P(Domain, HintPoisonedByALowerLimit) {
  init();
  alloc(1000, 1023, unaligned);
  EXPECT_EQ(alloc(32, 1023), no_pages);
  Pages top{below_4g - 31, below_4g};
  EXPECT_EQ(alloc(32, below_4g), behaviour.hint_from_full_walk_only ? top : no_pages);
  EXPECT_NE(alloc(31, below_4g), no_pages);
  EXPECT_NE(alloc(32, below_64bit), no_pages);
}

TEST_P(Domain, HintOfAnAlignedRequestMeetsAnUnalignedOne) {
  init();
  reserve(1, 0x1003);
  reserve(0x100c, below_4g);
  EXPECT_EQ(alloc(8, below_4g), no_pages);
  EXPECT_EQ(alloc(8, below_4g, unaligned),
            behaviour.hint_spares_unaligned ? (Pages{0x1004, 0x100b}) : no_pages);
}

TEST_P(Domain, TheWholeSpaceBelow4GiBIsNeverGranted) {
  init(0);
  EXPECT_EQ(alloc(1ul << 20, below_4g), no_pages);
  EXPECT_NE(alloc((1ul << 20) - 1, below_4g, unaligned), no_pages);
}

TEST_P(Domain, ReservationsKeepTheirPages) {
  init();
  EXPECT_EQ(reserve(100, 200), (Pages{100, 200}));
  EXPECT_EQ(nodes(), (Tree{{100, 200}}));
  EXPECT_EQ(alloc(10, 200, unaligned), (Pages{90, 99}));
}

TEST_P(Domain, DuplicateReservationReturnsTheNodeThereIs) {
  init();
  void* node = v.reserve(domain, 100, 200);
  EXPECT_EQ(v.reserve(domain, 100, 200), node);
  EXPECT_EQ(nodes(), (Tree{{100, 200}}));
}

TEST_P(Domain, NestedReservationReturnsTheNodeAround) {
  init();
  void* node = v.reserve(domain, 100, 200);
  EXPECT_EQ(v.reserve(domain, 120, 150), node);
  EXPECT_EQ(nodes(), (Tree{{100, 200}}));
}

TEST_P(Domain, AdjacentReservationsStayApart) {
  init();
  reserve(100, 200);
  EXPECT_EQ(reserve(201, 300), (Pages{201, 300}));
  EXPECT_EQ(reserve(50, 99), (Pages{50, 99}));
  EXPECT_EQ(nodes(), (Tree{{50, 99}, {100, 200}, {201, 300}}));
}

TEST_P(Domain, ReservationExtendsANodeDown) {
  init();
  reserve(100, 200);
  EXPECT_EQ(reserve(50, 150), (Pages{50, 200}));
  EXPECT_EQ(nodes(), (Tree{{50, 200}}));
}

TEST_P(Domain, ReservationGetsANodeForWhatIsAbove) {
  init();
  reserve(100, 200);
  EXPECT_EQ(reserve(150, 250), (Pages{201, 250}));
  EXPECT_EQ(nodes(), (Tree{{100, 200}, {201, 250}}));
}

TEST_P(Domain, ReservationBridgesTwoNodes) {
  init();
  reserve(100, 110);
  reserve(120, 130);
  EXPECT_EQ(reserve(105, 125), (Pages{111, 130}));
  EXPECT_EQ(nodes(), (Tree{{100, 110}, {111, 130}}));
}

TEST_P(Domain, ReservationAroundANodeWidensItAndAddsTheRest) {
  init();
  reserve(100, 200);
  EXPECT_EQ(reserve(50, 250), (Pages{201, 250}));
  EXPECT_EQ(nodes(), (Tree{{50, 200}, {201, 250}}));
}

TEST_P(Domain, ReservationMayLieBelowTheStart) {
  init(100);
  EXPECT_EQ(reserve(1, 10), (Pages{1, 10}));
}

TEST_P(Domain, ReservationAboveTheSpaceWarns) {
  init();
  EXPECT_DEATH(reserve(1, 1ul << 52), literally("kernel-warn: WARN_ON() hit"));
}

TEST_P(Domain, FailedReservationOfANewRangeLeavesNothing) {
  init();
  reserve(100, 200);
  fail(0);
  EXPECT_EQ(reserve(300, 400), no_pages);
  EXPECT_EQ(nodes(), (Tree{{100, 200}}));
}

TEST_P(Domain, FailedReservationThatOverlaps) {
  init();
  reserve(100, 200);
  fail(0);
  EXPECT_EQ(reserve(50, 250), no_pages);
  EXPECT_EQ(nodes(), behaviour.reserve_is_atomic ? (Tree{{100, 200}}) : (Tree{{50, 200}}));
}

TEST_P(Domain, ReservationWithinANodeAllocatesNothing) {
  init();
  reserve(100, 200);
  fail(0);
  EXPECT_EQ(reserve(50, 150), (Pages{50, 200}));
  EXPECT_TRUE(shim::attempts().empty());
}

TEST_P(Domain, FreedReservationIsRoomAgain) {
  init();
  reserve(1, 49);
  v.free_iova(domain, v.reserve(domain, 50, 100));
  EXPECT_EQ(alloc(51, 100, unaligned), (Pages{50, 100}));
}

TEST_P(Domain, FindLooksInsideRanges) {
  init();
  Pages range = alloc(10, below_4g, unaligned);
  EXPECT_EQ(find(range.lo), range);
  EXPECT_EQ(find(range.lo + 5), range);
  EXPECT_EQ(find(range.hi), range);
  EXPECT_EQ(find(range.lo - 1), no_pages);
  EXPECT_EQ(find(range.hi + 1), no_pages);
  EXPECT_EQ(find(0), no_pages);
}

TEST_P(Domain, FreeTakesAnyPfnOfTheRange) {
  init();
  for (unsigned long offset : {0, 5, 9}) {
    Pages range = alloc(10, below_4g, unaligned);
    EXPECT_EQ(range.hi, below_4g);
    free_pfn(range.lo + offset);
    EXPECT_TRUE(nodes().empty());
  }
}

TEST_P(Domain, FreeOfAnUnknownPfnIsIgnored) {
  init();
  Pages range = alloc(10, below_4g, unaligned);
  free_pfn(range.lo - 1);
  free_pfn(range.hi + 1);
  free_pfn(0);
  EXPECT_EQ(nodes(), Tree{range});
}

TEST_P(Domain, FreeByPointerRemovesTheRange) {
  init();
  void* iova = v.alloc(domain, 4, below_4g, true);
  v.free_iova(domain, iova);
  EXPECT_TRUE(nodes().empty());
  EXPECT_EQ(shim::census().cache_objects, 0u);
}

TEST_P(Domain, AllocationAsksForOneZeroedObjectThatNeverSleeps) {
  init();
  shim::plan_no_faults();
  alloc(4, below_4g);
  ASSERT_EQ(shim::attempts().size(), 1u);
  const shim::Attempt& attempt = shim::attempts()[0];
  EXPECT_EQ(attempt.call, shim::FallibleCall::slab_alloc);
  EXPECT_STREQ(attempt.cache, "iommu_iova");
  EXPECT_EQ(attempt.size, 40u);
  EXPECT_EQ(attempt.gfp, GFP_ATOMIC | __GFP_NOWARN | __GFP_ZERO);
}

TEST_P(Domain, AllocationWithoutMemoryFails) {
  init();
  fail(0);
  EXPECT_EQ(alloc(4, below_4g), no_pages);
  EXPECT_TRUE(nodes().empty());
  EXPECT_EQ(fields().max32_alloc_size, 1ul << 20);
}

TEST_P(Domain, AllocationWithoutRoomFreesItsObject) {
  init();
  EXPECT_EQ(alloc(100, 50), no_pages);
  EXPECT_EQ(shim::census().cache_objects, 0u);
}

TEST_P(Domain, PutFreesRangesAndReservations) {
  init();
  reserve(100, 200);
  alloc(10, below_4g);
  alloc(10, below_64bit);
  put();
  EXPECT_EQ(shim::census().cache_objects, 0u);
}

TEST_P(Domain, NeedsNoCacheUntilItAllocates) {
  domain = kzalloc(v.domain_size, GFP_KERNEL);
  shim::plan_no_faults();
  v.init_domain(domain, 4096, 1);
  EXPECT_TRUE(shim::attempts().empty());
  EXPECT_EQ(find(1), no_pages);
}

}  // namespace
