// SPDX-License-Identifier: GPL-2.0-only
#include "engine/reference/rcache_model.h"

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "iova/port_variants.h"
#include "shim/timekeeping.h"
#include "shim/world.h"
#include "testing/literally.h"

namespace engine {
namespace {

constexpr uint64_t below_4g = (1 << 20) - 1;
const iova_variant& v6_1 = port::v6_1::variant;
const iova_variant& v6_12 = port::v6_12::variant;
const iova_variant& v7_3 = port::v7_3::variant;
const iova_variant& v_fixed = port::fixed::variant;

// A model in front of a tree's model, on two CPUs.
class Rcache : public testing::Test {
 protected:
  void start(const iova_variant& variant) {
    v_ = &variant;
    shim::reset_world(2);
    tree_.init(variant, 1, below_4g + 1);
    AttemptCursor none({}, 0);
    rcache_.init(variant, tree_, clock_, none);
  }
  FastAnswer alloc(uint64_t size = 1, uint64_t limit = below_4g, unsigned cpu = 0) {
    AttemptCursor attempts({}, 0);
    FastAnswer answer = rcache_.allocate({size, limit, true}, true, cpu, attempts);
    EXPECT_EQ(attempts.next(), answer.tries);
    return answer;
  }
  // Allocates ranges that stay in use until they are freed.
  std::vector<uint64_t> alloc_many(size_t count, uint64_t size = 1) {
    std::vector<uint64_t> pfns;
    for (size_t i = 0; i < count; i++) pfns.push_back(*tree_.allocate({size, below_4g, true}));
    return pfns;
  }
  // Returns the number of attempts, which all fail if `fail` is set.
  size_t free(uint64_t pfn, uint64_t size = 1, unsigned cpu = 0, bool fail = false) {
    const shim::Attempt attempt[] = {{shim::FallibleCall::slab_alloc, fail, 0, 0, "", nullptr}};
    AttemptCursor attempts(attempt, 0);
    rcache_.free(pfn, size, cpu, attempts);
    return attempts.next();
  }
  size_t free_all(const std::vector<uint64_t>& pfns, uint64_t size = 1, unsigned cpu = 0) {
    size_t attempts = 0;
    for (uint64_t pfn : pfns) attempts += free(pfn, size, cpu);
    return attempts;
  }
  size_t in_tree() const { return tree_.size() - 1; }
  // Runs work that is due within `count` jiffies.
  void tick(uint64_t count) {
    uint64_t until = clock_.now + count;
    for (;;) {
      const RcacheModel::Work* next = rcache_.next_work();
      if (!next || next->deadline > until) break;
      clock_.now = next->deadline;
      rcache_.run_next_work();
    }
    clock_.now = until;
  }

  const iova_variant* v_ = nullptr;
  Model tree_;
  ModelClock clock_;
  RcacheModel rcache_;
  const size_t full_ = v_fixed.magazine_pfns;
};

TEST_F(Rcache, AsksTheTreeWhenNothingIsCached) {
  start(v_fixed);
  FastAnswer answer = alloc();
  EXPECT_EQ(answer.pfn, below_4g);
  EXPECT_EQ(answer.tries, 1u);
  answer = alloc(64, 20);
  EXPECT_EQ(answer.pfn, std::nullopt);
  EXPECT_EQ(answer.tries, 2u) << "it flushed between";
}

TEST_F(Rcache, ReusesTheLatestOfTheSameSizeOnTheSameCpu) {
  start(v_fixed);
  auto pfns = alloc_many(3);
  free_all(pfns);
  EXPECT_EQ(alloc(2).tries, 1u);
  EXPECT_EQ(alloc(1, below_4g, 1).tries, 1u);
  FastAnswer answer = alloc();
  EXPECT_EQ(answer.pfn, pfns[2]);
  EXPECT_EQ(answer.tries, 0u);
}

TEST_F(Rcache, PicksTheLatestWithinTheLimitAndFillsItsHole) {
  start(v_fixed);
  auto pfns = alloc_many(5);  // downwards
  std::swap(pfns[1], pfns[4]);
  free_all(pfns);
  EXPECT_EQ(alloc(1, pfns[1]).pfn, pfns[1]) << "the lowest is not the latest";
  EXPECT_EQ(alloc().pfn, pfns[3]) << "the latest has taken its place";
  EXPECT_EQ(alloc().pfn, pfns[2]);
  EXPECT_EQ(alloc().pfn, pfns[4]);
  EXPECT_EQ(alloc().pfn, pfns[0]);
}

TEST_F(Rcache, LimitCountsTheSize) {
  start(v_fixed);
  uint64_t pfn = alloc_many(1, 4)[0];
  free(pfn, 3);
  EXPECT_EQ(alloc(4, pfn + 2).tries, 1u);
  EXPECT_EQ(alloc(4, pfn + 3).pfn, pfn);
}

TEST_F(Rcache, RequestLargerThanItsLimitGetsAnyPfnUnlessThatIsChecked) {
  for (const iova_variant* variant : {&v7_3, &v_fixed}) {
    start(*variant);
    uint64_t pfn = alloc_many(1, 32)[0];
    free(pfn, 32);
    FastAnswer answer = alloc(32, 10);
    EXPECT_EQ(answer.pfn, variant == &v_fixed ? std::nullopt : std::optional(pfn));
  }
}

TEST_F(Rcache, LargeRangesGoToTheTree) {
  start(v_fixed);
  auto pfns = alloc_many(1, 33);
  EXPECT_EQ(free_all(pfns, 33), 0u);
  EXPECT_EQ(in_tree(), 0u);
}

TEST_F(Rcache, MagazinesAreAllocatedAtInitOrAtTheFirstFreeOfACpu) {
  start(v6_12);
  EXPECT_EQ(rcache_.magazines(), 24u);
  auto pfns = alloc_many(2 * full_ + 1);
  EXPECT_EQ(free_all(pfns), 1u) << "for the depot";
  start(v7_3);
  EXPECT_EQ(rcache_.magazines(), 0u);
  pfns = alloc_many(2 * full_ + 1);
  EXPECT_EQ(free_all(pfns), 3u);
  EXPECT_EQ(rcache_.magazines(), 3u);
}

TEST_F(Rcache, MagazinesThatFailAtInitAreAbsent) {
  iova_variant variant = v6_1;
  variant.embeds_rcaches = true;
  std::vector<shim::Attempt> attempts(30);
  attempts[2].failed = true;   // prev of the first CPU
  attempts[10].failed = true;  // all of the third bin
  shim::reset_world(2);
  AttemptCursor cursor(attempts, 0);
  rcache_.init(variant, tree_, clock_, cursor);
  EXPECT_EQ(rcache_.magazines(), 24u - 1 - 4);
  EXPECT_EQ(cursor.next(), 30u - 4);
}

TEST_F(Rcache, WithoutMemoryForAMagazineRangesGoToTheTree) {
  start(v_fixed);
  auto pfns = alloc_many(1);
  EXPECT_EQ(free(pfns[0], 1, 0, true), 1u);
  EXPECT_EQ(in_tree(), 0u);
}

TEST_F(Rcache, EmptyMagazinesAreFilledFromTheDepot) {
  start(v_fixed);
  auto pfns = alloc_many(3 * full_);
  free_all(pfns);  // the first third went to prev, the second to the depot
  EXPECT_EQ(alloc(1, below_4g, 1).pfn, pfns[2 * full_ - 1]);
  for (size_t i = 0; i < 2 * full_; i++) {
    FastAnswer answer = alloc();
    EXPECT_EQ(answer.tries, 0u);
    EXPECT_EQ(answer.pfn, pfns[i < full_ ? 3 * full_ - 1 - i : 2 * full_ - 1 - i]);
  }
  EXPECT_EQ(alloc().tries, 1u);
}

TEST_F(Rcache, MagazineFromTheDepotStaysThoughNothingInItFits) {
  start(v_fixed);
  auto pfns = alloc_many(2 * full_ + 1);
  free_all(pfns);
  EXPECT_EQ(alloc(1, 100, 1).tries, 1u);
  tick(1000);
  EXPECT_EQ(alloc(1, below_4g, 1).pfn, pfns[2 * full_ - 1]);
}

TEST_F(Rcache, FullArrayReturnsAMagazineToTheTree) {
  start(v6_1);
  free_all(alloc_many(34 * full_));
  EXPECT_EQ(in_tree(), 34 * full_);
  auto more = alloc_many(1);
  EXPECT_EQ(free_all(more), 1u);
  EXPECT_EQ(in_tree(), 33 * full_ + 1);
  EXPECT_EQ(rcache_.next_work(), nullptr);
}

TEST_F(Rcache, FlushReachesOnlineCpusAndDepots) {
  start(v_fixed);
  free_all(alloc_many(3 * full_));
  free_all(alloc_many(5, 8), 8, 1);
  shim_cpu_offline(1);
  EXPECT_EQ(alloc(64, 20).tries, 2u);
  EXPECT_EQ(in_tree(), 5u) << "on the CPU that is offline";
  EXPECT_EQ(rcache_.magazines(), 3u) << "the depot's is gone, the CPUs' are empty";
}

TEST_F(Rcache, DeadCpuReturnsItsRanges) {
  start(v_fixed);
  free_all(alloc_many(2 * full_));
  free_all(alloc_many(3, 4), 4, 1);
  rcache_.cpu_died(0);
  EXPECT_EQ(in_tree(), 3u);
  rcache_.cpu_died(1);
  EXPECT_EQ(in_tree(), 0u);
  rcache_.clear();
  rcache_.cpu_died(0);
}

TEST_F(Rcache, WorkTrimsOneMagazineAPeriodDownToTheOnlineCpus) {
  start(v_fixed);
  auto pfns = alloc_many(6 * full_);
  free_all({pfns.begin(), pfns.begin() + 2 * static_cast<long>(full_) + 1});
  const uint64_t period = msecs_to_jiffies(100);
  clock_.now += 20;
  free_all({pfns.begin() + 2 * static_cast<long>(full_) + 1, pfns.end()});  // four in the depot
  size_t all = in_tree();
  tick(period - 21);
  EXPECT_EQ(in_tree(), all) << "100 ms from the first push";
  tick(1);
  EXPECT_EQ(in_tree(), all - full_);
  tick(period - 1);
  EXPECT_EQ(in_tree(), all - full_);
  tick(1);
  EXPECT_EQ(in_tree(), all - 2 * full_);
  EXPECT_TRUE(rcache_.next_work()) << "for a look that finds nothing to do";
  tick(period);
  EXPECT_EQ(in_tree(), all - 2 * full_);
  EXPECT_FALSE(rcache_.next_work());
}

TEST_F(Rcache, WorksOfEqualDeadlinesComeInTheOrderOfTheirScheduling) {
  start(v_fixed);
  free_all(alloc_many(2 * full_ + 1, 8), 8);
  const RcacheModel::Work* first = rcache_.next_work();
  free_all(alloc_many(2 * full_ + 1, 2), 2);
  EXPECT_EQ(rcache_.next_work(), first);
  EXPECT_TRUE(first->is_before({true, first->deadline, first->sequence + 1}));
  EXPECT_TRUE(first->is_before({true, first->deadline + 1, 0}));
}

TEST(AttemptCursor, TellsWhatFailedAndWhatIsLeft) {
  const shim::Attempt attempts[] = {{{}, true, 0, 0, "", nullptr}, {{}, false, 0, 0, "", nullptr}};
  AttemptCursor cursor(attempts, 0);
  EXPECT_TRUE(cursor.next_failed());
  EXPECT_FALSE(cursor.took_all());
  EXPECT_FALSE(cursor.next_failed());
  EXPECT_TRUE(cursor.took_all());
  EXPECT_FALSE(cursor.next_failed()) << "one that was never made";
  EXPECT_FALSE(cursor.took_all());
}

// A difference between allocator and model, with the key of the finding that reports it.
struct Disagreement {
  const char* name;
  void (*change)(iova_variant& variant);
  const char* text;
  const char* key;
};
void PrintTo(const Disagreement& d, std::ostream* out) { *out << d.name; }

class RcacheDisagreement : public testing::TestWithParam<Disagreement> {};

TEST_P(RcacheDisagreement, IsFound) {
  iova_variant variant = v_fixed;
  auto program =
      program::parse(std::string("cache_get\ninit start=16\ninit_rcaches\n") + GetParam().text);
  run(variant, program);
  GetParam().change(variant);
  EXPECT_DEATH(run(variant, program), literally(std::string("key: ") + GetParam().key));
}

// Puts one pfn below the newest of its magazine instead of on top.
void free_below_latest(void* domain, unsigned long pfn, unsigned long size) {
  unsigned long latest = pfn == 0xffffd ? v_fixed.alloc_fast(domain, size, 0xfffff, false) : 0;
  v_fixed.free_fast(domain, pfn, size);
  if (latest) v_fixed.free_fast(domain, latest, size);
}

unsigned long alloc_past_the_magazines(void* domain, unsigned long size, unsigned long limit,
                                       bool) {
  void* iova = v_fixed.alloc(domain, size, limit, true);
  return iova ? v_fixed.pfn_lo(iova) : 0;
}

#define FILL_DEPOT "alloc_fast x1024\nfree_fast x1024\n"

INSTANTIATE_TEST_SUITE_P(
    , RcacheDisagreement,
    testing::Values(
        Disagreement{"TreeAskedInsteadOfTheMagazines",
                     [](iova_variant& v) { v.alloc_fast = alloc_past_the_magazines; },
                     "alloc_fast\nfree_fast\nalloc_fast\n",
                     "rcache-wrong:alloc_iova_fast:alloc_fast:none"},
        Disagreement{"OrderInAMagazine", [](iova_variant& v) { v.free_fast = free_below_latest; },
                     "alloc_fast x3\nfree_fast oldest x3\n",
                     "rcache-contents:free_iova_fast:free_fast:none"},
        Disagreement{"EndOfTheDepot", [](iova_variant& v) { v.depot_magazines = 3; }, FILL_DEPOT,
                     "rcache-contents:free_iova_fast:free_fast:none"},
        Disagreement{"OrderOfTheDepot", [](iova_variant& v) { v.depot_magazines = 32; }, FILL_DEPOT,
                     "rcache-contents:free_iova_fast:free_fast:none"},
        Disagreement{"TrimmingWork", [](iova_variant& v) { v.trims_depot = false; }, FILL_DEPOT,
                     "depot-work-wrong:free_iova_fast:free_fast:none"},
        Disagreement{"FlushOfTheDepots", [](iova_variant& v) { v.flushes_depots = false; },
                     FILL_DEPOT "alloc_fast limit=16\nalloc_fast limit=16\n",
                     "rcache-contents:alloc_iova_fast:alloc_fast:none"},
        Disagreement{"MagazinesOfADeadCpu", [](iova_variant& v) { v.flushes_dead_cpus = false; },
                     "alloc_fast\nfree_fast\noffline 0\n",
                     "rcache-contents:iova_cpuhp_dead:offline:none"},
        Disagreement{"LazyMagazines", [](iova_variant& v) { v.allocates_lazily = false; }, "",
                     "rcache-contents:iova_domain_init_rcaches:init_rcaches:none"},
        Disagreement{"CheckOfTheLimit", [](iova_variant& v) { v.rcache_limit_checked = false; },
                     "alloc_fast size=32\nfree_fast\nalloc_fast size=32 limit=17\n",
                     "rcache-wrong:alloc_iova_fast:alloc_fast:none"}),
    [](const auto& info) { return std::string(info.param.name); });

// After a difference, the model continues with the allocator's state.
TEST(RcacheModel, AdoptsWhatItDidNotExpect) {
  iova_variant variant = v_fixed;
  variant.free_fast = free_below_latest;
  const std::string known[] = {"rcache-contents:free_iova_fast:free_fast:none"};
  std::string text = "cache_get\ninit\ninit_rcaches\nalloc_fast x3\nfree_fast oldest x3\n"
                     "alloc_fast x3\nfree_fast x3\n" FILL_DEPOT "tick 1000\n";
  EXPECT_EQ(run(variant, program::parse(text), {.known = known, .always_check = true}).known_met,
            std::vector<std::string>(std::begin(known), std::end(known)));
}

}  // namespace
}  // namespace engine
