// SPDX-License-Identifier: GPL-2.0-only
#include "engine/judges.h"

#include <gtest/gtest.h>

#include <sstream>

#include "engine/oracles.h"
#include "engine/views.h"
#include "iova/port_variants.h"
#include "shim/finding.h"
#include "shim/slab.h"
#include "shim/world.h"

namespace engine {
namespace {

constexpr uint64_t below_4g = (1u << 20) - 1;

class Look : public testing::Test {
 protected:
  Look() {
    shim::set_finding_handler(nullptr);
    shim::reset_world(2);
    books_.begin(v_, 1);
    looker_.use(v_);
    judges_.begin();
    judges_.listen(history_, false);
    v_.reset();
    v_.cache_get();
    start_domain(1);
  }
  ~Look() override {
    domain_.forget_ranges();
    v_.put_domain(domain_.memory);
    kfree(domain_.memory);
    v_.cache_put();
  }
  void start_domain(uint64_t start_pfn) {
    domain_.memory = kzalloc(v_.domain_size, GFP_KERNEL);
    domain_.granule_shift = 12;
    domain_.start_pfn = start_pfn;
    v_.init_domain(domain_.memory, 4096, start_pfn);
  }
  void reserve(uint64_t lo, uint64_t hi) {
    v_.reserve(domain_.memory, lo, hi);
    domain_.reserved.add(lo, hi);
  }
  void check() { looker_.look(); }
  bool fits(uint64_t size, uint64_t limit, bool aligned = false) {
    return engine::fits(v_, domain_, {size, limit, aligned});
  }

  const iova_variant& v_ = port::fixed::variant;
  History history_;
  Books books_;
  Domain& domain_ = books_.domains()[0];
  Position position_;
  Looker looker_{history_, books_};
  Scene scene_{books_, position_, looker_, &v_};
  Tracer tracer_;
  Judges judges_{scene_, tracer_};
};

TEST(Views, OfOraclesHaveFlags) {
  EXPECT_EQ(views_named("rings"), unsigned{IOVA_VIEW_RINGS});
  EXPECT_EQ(views_named("ring"), 0u);
  for (const shim::Oracle* oracle : oracles()) {
    std::istringstream names{std::string(views_of(oracle->id))};
    for (std::string name; names >> name;) EXPECT_NE(views_named(name), 0u) << oracle->id;
  }
}

TEST_F(Look, HoldOfAnEmptyDomain) { check(); }

TEST_F(Look, HoldOfReservationsAndLiveRanges) {
  reserve(100, 200);
  void* iova = v_.alloc(domain_.memory, 10, below_4g, false);
  Range range{v_.pfn_lo(iova), v_.pfn_hi(iova), 10, iova, RangeKind::tree, {}, {}};
  domain_.live.insert(range);
  check();
  domain_.live.clear();
}

TEST_F(Look, LeaveOutDomainsThatAreNotInitialized) {
  std::swap(books_.domains()[1].memory, domain_.memory);
  check();
  std::swap(books_.domains()[1].memory, domain_.memory);
}

TEST_F(Look, TraceTellsStatesApart) {
  check();
  uint64_t empty = tracer_.hash();
  tracer_.begin();
  check();
  EXPECT_EQ(tracer_.hash(), empty);
  reserve(100, 200);
  tracer_.begin();
  check();
  EXPECT_NE(tracer_.hash(), empty);
}

TEST_F(Look, FitsBetweenStartAndLimit) {
  EXPECT_TRUE(fits(100, 100));
  EXPECT_FALSE(fits(101, 100));
  EXPECT_FALSE(fits(1, 0));
}

TEST_F(Look, FitsInGaps) {
  reserve(1, 9);
  reserve(15, 19);
  reserve(30, 100);
  EXPECT_TRUE(fits(10, 29));
  EXPECT_FALSE(fits(10, 28));
  EXPECT_FALSE(fits(11, 100));
  EXPECT_TRUE(fits(5, 14));
  EXPECT_FALSE(fits(6, 14));
  EXPECT_TRUE(fits(1, 101));
}

TEST_F(Look, FitsAlignedToTheSizeRoundedUp) {
  EXPECT_TRUE(fits(8, 15, true));
  EXPECT_FALSE(fits(8, 14, true));
  EXPECT_TRUE(fits(5, 12, true));
  EXPECT_FALSE(fits(5, 11, true));
}

TEST_F(Look, FitsNothingThatWouldWrap) {
  EXPECT_FALSE(fits(uint64_t{1} << 63, below_4g));
  EXPECT_FALSE(fits(~uint64_t{0}, ~uint64_t{0} - 1, true));
  EXPECT_FALSE(fits(~uint64_t{0}, ~uint64_t{0} - 1));
  EXPECT_TRUE(fits(~uint64_t{0} - 1, ~uint64_t{0} - 1));
}

}  // namespace
}  // namespace engine
