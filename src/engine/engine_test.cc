// SPDX-License-Identifier: GPL-2.0-only
#include "engine/engine.h"
#include "engine/views.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/ledger.h"
#include "engine/report.h"
#include "iova/port_variants.h"
#include "program/mutation.h"
#include "shim/locks.h"
#include "testing/literally.h"

namespace engine {
namespace {

const iova_variant& fixed = port::fixed::variant;

std::vector<std::string> outcomes;  // of the last run of narrate()

// A line an operation: what it returned, or "skipped: " and why.
const std::vector<std::string>& narrate(std::string_view text,
                                        const iova_variant& variant = fixed) {
  outcomes.clear();
  run(variant, program::parse(text), {.on_step = [](const Step& step) {
        outcomes.push_back((step.skipped ? "skipped: " : "") + step.outcome);
      }});
  return outcomes;
}

uint64_t trace(const program::Program& program) { return run(fixed, program).trace_hash; }
uint64_t trace(std::string_view text) { return trace(program::parse(text)); }

std::vector<size_t> attempts(std::string_view text, const Options& options = {}) {
  return run(fixed, program::parse(text), options).attempts;
}

program::Program grown(uint64_t seed, int mutations,
                       std::span<const program::OpCode> codes = program::all_operations) {
  program::Mutator mutator(codes, seed);
  program::Program program;
  for (int i = 0; i < mutations; i++) mutator.mutate(program);
  return program;
}

std::vector<program::Program> some_programs() {
  std::vector<program::Program> programs;
  for (uint64_t seed = 0; seed < 50; seed++) programs.push_back(grown(seed, 30));
  return programs;
}

constexpr const char* ready = "cache_get\ninit\ninit_rcaches\n";

TEST(Run, EmptyProgramIsARun) { EXPECT_TRUE(run(fixed, {}).attempts.empty()); }

TEST(Run, TellsWhatEveryOperationReturned) {
  EXPECT_EQ(narrate("cache_get\ninit start=16\ninit_rcaches\nalloc_fast size=3\nalloc size=33\n"
                    "alloc limit=15\nfind at=middle\nfree_fast\nput\ncache_put\n"),
            (std::vector<std::string>{
                "0", "start pfn 0x10, 4 GiB at pfn 0x100000", "0", "0xffffc..0xfffff",
                "0xfffc0..0xfffe0", "NULL", "pfn 0xfffd0 in 0xfffc0..0xfffe0", "pfn 0xffffc",
                "1 ranges were in use", "0 references left", "drop 0 references"}));
}

TEST(Run, CountsTheAttemptsOfEveryOperation) {
  EXPECT_EQ(attempts("cache_get\ninit\ninit_rcaches\nalloc x5\nput\n"),
            (std::vector<size_t>{3, 0, 8, 5, 0}));
}

TEST(Run, HasTwoCpusUnlessTheProgramBeginsWithTheirNumber) {
  EXPECT_EQ(narrate("cpus 3\noffline 2\ncpus 4\n"),
            (std::vector<std::string>{"3 CPUs", "2 CPUs online, now on CPU 0",
                                      "skipped: not the first operation", "drop 0 references"}));
  EXPECT_EQ(narrate("offline 1\n")[0], "1 CPUs online, now on CPU 0");
}

TEST(Run, PutsDomainsAndDropsReferencesAtTheEnd) {
  EXPECT_EQ(narrate("cache_get\ncache_get\ninit\ninit_rcaches\nalloc_fast x300\nfree_fast x300\n"
                    "alloc\ninit domain=2\n")
                .back(),
            "put domain 0, put domain 2, drop 2 references");
}

TEST(Run, MeansTheSameOnEveryRevisionInItsPlainParts) {
  constexpr const char* text =
      "cache_get\ninit\nreserve lo=100 size=10\ninit_rcaches\nalloc_fast size=3 x4\n"
      "free_fast x2\nalloc_fast size=4\nfind\nfree\ntick 100\nput\ncache_put\n";
  auto expected = narrate(text);
  for (const port::NamedVariant& revision : port::variants)
    EXPECT_EQ(narrate(text, *revision.variant), expected) << revision.name;
}

TEST(Trace, IsTheSameForTheSameProgram) {
  for (const auto& program : some_programs()) {
    uint64_t first = trace(program);
    for (int i = 0; i < 3; i++) EXPECT_EQ(trace(program), first);
  }
}

TEST(Trace, DoesNotDependOnWhatRanBefore) {
  auto programs = some_programs();
  std::vector<uint64_t> forwards, backwards;
  for (const auto& program : programs) forwards.push_back(trace(program));
  for (auto at = programs.rbegin(); at != programs.rend(); ++at) {
    run(port::v6_1::variant, program::parse("cpus 8\ncache_get\ninit\nalloc x100\n"));
    backwards.push_back(trace(*at));
  }
  std::reverse(backwards.begin(), backwards.end());
  EXPECT_EQ(forwards, backwards);
}

TEST(Trace, DoesNotDependOnBeingWatched) {
  for (const auto& program : some_programs())
    EXPECT_EQ(run(fixed, program, {.on_step = [](const Step&) {}}).trace_hash, trace(program));
}

TEST(Trace, TellsProgramsApart) {
  EXPECT_NE(trace("cache_get\n"), trace("init\n"));
  std::string program = std::string(ready) + "alloc_fast\n";
  EXPECT_NE(trace(program), trace(program + "free_fast\n"));
  EXPECT_NE(trace(program + "free_fast\n"), trace(program + "free\n"));
  EXPECT_NE(trace("cache_get\ninit\nalloc\n"), trace("cache_get\ninit\nalloc unaligned size=3\n"));
}

TEST(Trace, TellsFaultsApart) {
  EXPECT_NE(trace("cache_get\n"), trace("fail 0x1\ncache_get\n"));
  EXPECT_NE(trace("fail 0x2\ncache_get\n"), trace("fail 0x1\ncache_get\n"));
}

// A quirk of the variant that the model does not know of, or that it expects in vain.
struct Flip {
  const char* name;
  void (*flip)(iova_variant& variant);
  const char* found;           // what tells first
  const char* text = nullptr;  // of a program that blind growth does not come to soon
};
void PrintTo(const Flip& flip, std::ostream* out) { *out << flip.name; }

class ModelAlone : public testing::TestWithParam<Flip> {};

TEST_P(ModelAlone, IsFoundToDivergeByGrownPrograms) {
  iova_variant variant = fixed;
  GetParam().flip(variant);
  static constexpr program::OpCode few[] = {program::OpCode::init, program::OpCode::init_rcaches,
                                            program::OpCode::alloc, program::OpCode::alloc_fast,
                                            program::OpCode::free_fast};
  auto search = [&] {
    if (GetParam().text) run(variant, program::parse(GetParam().text));
    for (uint64_t seed = 0; seed < 20'000; seed++) run(variant, grown(seed, 30, few));
  };
  EXPECT_DEATH(search(), literally(std::string("key: ") + GetParam().found));
}

INSTANTIATE_TEST_SUITE_P(
    , ModelAlone,
    testing::Values(Flip{"HintFromFullWalkOnly",
                         [](iova_variant& v) { v.hint_from_full_walk_only = false; },
                         "hint-wrong:"},
                    Flip{"HintSparesUnaligned",
                         [](iova_variant& v) { v.hint_spares_unaligned = false; },
                         "placement-wrong:",
                         "cache_get\ninit\nreserve lo=1 size=0xffff3\nreserve lo=dma32-4 size=4\n"
                         "alloc size=8\nalloc unaligned size=8\n"},
                    Flip{"RcacheLimitChecked",
                         [](iova_variant& v) { v.rcache_limit_checked = false; }, "rcache-wrong:"},
                    Flip{"AllocatesLazily", [](iova_variant& v) { v.allocates_lazily = false; },
                         "rcache-contents:"}),
    [](const auto& info) { return info.param.name; });

class GrownPrograms : public testing::TestWithParam<const iova_variant*> {};

TEST_P(GrownPrograms, MakeNoNewFinding) {
  const std::vector<std::string> known = known_keys(*GetParam());
  for (uint64_t seed = 0; seed < 2000; seed++) run(*GetParam(), grown(seed, 20), {.known = known});
}

INSTANTIATE_TEST_SUITE_P(, GrownPrograms, testing::ValuesIn([] {
                           std::vector<const iova_variant*> all;
                           for (const auto& revision : port::variants)
                             all.push_back(revision.variant);
                           return all;
                         }()),
                         [](const auto& info) {
                           std::string name = info.param->name;
                           name = name.substr(name.find('@') + 1);
                           std::replace(name.begin(), name.end(), '.', '_');
                           return "On_" + name;
                         });

struct Skip {
  const char* name;
  const char* text;  // its last operation is skipped
  const char* why;
};
void PrintTo(const Skip& skip, std::ostream* out) { *out << skip.text; }

class Contract : public testing::TestWithParam<Skip> {};

TEST_P(Contract, SkipsWhatWouldBreakIt) {
  narrate(GetParam().text);
  ASSERT_GE(outcomes.size(), 2u);
  EXPECT_EQ(outcomes[outcomes.size() - 2], std::string("skipped: ") + GetParam().why);
}

INSTANTIATE_TEST_SUITE_P(
    , Contract,
    testing::Values(
        Skip{"PutOfTheCacheNotHeld", "cache_put\n", "no reference is held"},
        Skip{"LastPutUnderADomain", "cache_get\ninit\ncache_put\n",
             "the last reference, and a domain needs it"},
        Skip{"SecondInit", "init\ninit\n", "the domain is initialized"},
        Skip{"StartBeyondTheSpace", "init start=0x10000000000000\n",
             "the start is beyond the space"},
        Skip{"StartAtTheAnchor", "init granule=1 start=0xffffffffffffffff\n",
             "the start is beyond the space"},
        Skip{"RcachesWithoutDomain", "cache_get\ninit_rcaches\n", "the domain is not initialized"},
        Skip{"RcachesTwice", "cache_get\ninit\ninit_rcaches\ninit_rcaches\n",
             "the domain has rcaches"},
        Skip{"RcachesWithoutCache", "init\ninit_rcaches\n", "the cache is not held"},
        Skip{"PutWithoutDomain", "put\n", "the domain is not initialized"},
        Skip{"PutTwice", "init\nput\nput\n", "the domain is not initialized"},
        Skip{"AllocWithoutDomain", "cache_get\nalloc\n", "the domain is not initialized"},
        Skip{"AllocWithoutCache", "init\nalloc\n", "the cache is not held"},
        Skip{"AllocWithLimitAllOnes", "cache_get\ninit\nalloc limit=0xffffffffffffffff\n",
             "no caller asks for limit ~0"},
        Skip{"FastWithoutRcaches", "cache_get\ninit\nalloc_fast\n", "the domain has no rcaches"},
        Skip{"FastAfterFailedRcaches", "cache_get\ninit\nfail 0x1\ninit_rcaches\nalloc_fast\n",
             "the domain has no rcaches"},
        Skip{"FastFromPfn0", "cache_get\ninit start=0\ninit_rcaches\nalloc_fast\n",
             "pfn 0 could not be told from failure"},
        Skip{"FreeOfAnEmptySlot", "cache_get\ninit\nfree\n", "the slot has no such range"},
        Skip{"FreeFastOfATreeRange", "cache_get\ninit\ninit_rcaches\nalloc\nfree_fast\n",
             "the slot has no such range"},
        Skip{"FreeByPointerOfAFastRange", "cache_get\ninit\ninit_rcaches\nalloc_fast\n__free\n",
             "the slot has no such range"},
        Skip{"FreeByPfnOfAReservation", "cache_get\ninit\nreserve\nfree\n",
             "the slot has no such range"},
        Skip{"FindInAnEmptySlot", "find\n", "the slot has no range"},
        Skip{"FindWithoutDomain", "find_pfn start\n", "the domain is not initialized"},
        Skip{"FindOfTheAnchor", "init\nfind_pfn 0xffffffffffffffff\n", "pfn ~0 is the anchor's"},
        Skip{"ReserveWithoutDomain", "cache_get\nreserve\n", "the domain is not initialized"},
        Skip{"ReserveWithoutCache", "init\nreserve\n", "the cache is not held"},
        Skip{"ReserveAfterAllocation", "cache_get\ninit\nalloc\nreserve\n",
             "the domain has handed out ranges"},
        Skip{"ReserveBeyondTheSpace", "cache_get\ninit\nreserve lo=dma64 size=1\n",
             "the range leaves the space"},
        Skip{"ReserveThatWraps",
             "cache_get\ninit granule=1\nreserve lo=0xfffffffffffffff0 size=64\n",
             "the range leaves the space"},
        Skip{"ReserveOfTheAnchor", "cache_get\ninit granule=1\nreserve lo=0xffffffffffffffff\n",
             "the range leaves the space"},
        Skip{"CpuThatIsOffline", "offline 1\ncpu 1\n", "the CPU is not online"},
        Skip{"OfflineTwice", "cpus 3\noffline 1\noffline 1\n", "the CPU is not online"},
        Skip{"OfflineOfTheLast", "cpus 1\noffline 0\n", "the last online CPU"},
        Skip{"OnlineOfAnOnlineCpu", "online 1\n", "the CPU is online"},
        Skip{"OnlineOfAnImpossibleCpu", "online 2\n", "the CPU is not possible"},
        Skip{"CpusLater", "init\ncpus 2\n", "not the first operation"}),
    [](const testing::TestParamInfo<Skip>& info) { return std::string(info.param.name); });

TEST(Slots, ArePickedNewestOrOldestFirst) {
  narrate("cache_get\ninit\nalloc x3\nfree oldest\nfree\nfree\n");
  EXPECT_EQ(outcomes[3], "pfn 0xfffff");
  EXPECT_EQ(outcomes[4], "pfn 0xffffd");
  EXPECT_EQ(outcomes[5], "pfn 0xffffe");
}

TEST(Slots, CountsFreeWhatThereIs) {
  narrate("cache_get\ninit\nalloc x3\nfree x10\n");
  EXPECT_EQ(outcomes[3], "3 of 10, from pfn 0xffffd to 0xfffff");
}

TEST(Slots, ReservedNodeHasOneOwner) {
  narrate("cache_get\ninit\nreserve lo=100 size=10\nreserve slot=b lo=102 size=2\n__free slot=b\n"
          "__free\n");
  EXPECT_EQ(outcomes[4], "skipped: the slot has no such range");
  EXPECT_EQ(outcomes[5], "pfn 0x64");
}

TEST(Faults, MaskFailsTheAttemptsOfTheNextOperationOnly) {
  EXPECT_EQ(attempts("fail 0x2\ncache_get\ncache_get\n"), (std::vector<size_t>{0, 2, 3}));
  narrate("fail 0x2\ncache_get\ncache_get\n");
  EXPECT_EQ(outcomes[1], "-ENOMEM");
  EXPECT_EQ(outcomes[2], "0");
}

TEST(Faults, MasksBeforeAnOperationAddUp) {
  EXPECT_EQ(trace("fail 0x1\nfail 0x4\ncache_get\n"), trace("fail 0x1\nfail 0x4\ncache_get\n"));
  narrate("cache_get\ninit\nfail 0x1\nfail 0x4\nalloc x4\n");
  EXPECT_EQ(outcomes[4], "2 of 4, from pfn 0xfffff to 0xffffe");
}

TEST(Faults, MasksReachBeyond64Attempts) {
  narrate("cache_get\ninit\nfail 0x1<<100\nalloc x200\n");
  EXPECT_EQ(outcomes[3].substr(0, 11), "199 of 200,");
}

TEST(Faults, SkippedOperationUsesUpTheMask) {
  narrate("fail 0x1\nput\ncache_get\n");
  EXPECT_EQ(outcomes[2], "0");
}

TEST(Faults, OptionsAddFaultPoints) {
  FaultPoint points[] = {{0, 1}};
  EXPECT_EQ(attempts("cache_get\ncache_get\n", {.faults = points}), (std::vector<size_t>{2, 3}));
}

TEST(Faults, PointsAndMasksMeanTheSame) {
  FaultPoint points[] = {{3, 2}};
  std::string begin = "cache_get\ninit\ntick 1\n";
  uint64_t by_point =
      run(fixed, program::parse(begin + "init_rcaches\n"), {.faults = points}).trace_hash;
  EXPECT_EQ(trace(begin + "fail 0x4\ninit_rcaches\n"), by_point);
}

TEST(Faults, PointsBeyondThePlanAreIgnored) {
  FaultPoint points[] = {{0, shim::max_planned_attempts}, {99, 0}};
  EXPECT_EQ(attempts("cache_get\n", {.faults = points}), (std::vector<size_t>{3}));
}

TEST(Faults, AtEveryPointAreHandledByFixed) {
  auto program =
      program::parse("cache_get\ninit\nreserve lo=100 size=9\nreserve lo=90 size=40\ninit_rcaches\n"
                     "alloc_fast x256\nfree_fast x256\nalloc size=5\n");
  auto counts = run(fixed, program).attempts;
  for (size_t operation = 0; operation < counts.size(); operation++)
    for (size_t attempt = 0; attempt < counts[operation]; attempt++) {
      FaultPoint point[] = {{operation, attempt}};
      run(fixed, program, {.faults = point});
    }
}

constexpr const char* hint_poisoned =
    "cache_get\ninit\nalloc unaligned size=1000 limit=1023\nalloc size=32 limit=1023\n"
    "alloc size=32\nalloc size=32\n";
const std::string hint_key = "hint-lower-limit:alloc_iova:alloc:none";

TEST(Known, FindingsEndTheProcessWhenTheyAreNot) {
  EXPECT_DEATH(run(port::v7_3::variant, program::parse(hint_poisoned)), literally(hint_key));
}

TEST(Known, FindingsAreGonePastAndListedOnce) {
  std::string known[] = {"other:key", hint_key};
  EXPECT_EQ(run(port::v7_3::variant, program::parse(hint_poisoned), {.known = known}).known_met,
            std::vector<std::string>{hint_key});
}

TEST(Known, FindingsAreListedAnewByEveryRun) {
  std::string known[] = {hint_key};
  run(port::v7_3::variant, program::parse(hint_poisoned), {.known = known});
  EXPECT_TRUE(run(port::v7_3::variant, {}, {.known = known}).known_met.empty());
}

// What the CPU that is gone held would have served the request, but the hint refuses it either way.
// Where calls overlap the models are not asked, and the hint alone tells.
TEST(Known, HintIsTheCauseThoughItWasVoidInBetween) {
  const char* const programs[] = {
      "cache_get\ninit start=16\ninit_rcaches\nalloc_fast size=9 limit=start+15\n"
      "alloc_fast limit=start\ncpu 1\nfree_fast\noffline 1\nalloc limit=start-1\npause 10\n"
      "alloc_fast no_flush limit=start\n",
      "cache_get\npause 1\ninit\ninit_rcaches\nreserve size=0xffff8\nalloc_fast slot=b x8\n"
      "free_fast slot=b\nalloc_fast limit=dma31-1\nalloc_fast\n"};
  for (const char* program : programs) {
    const std::string oracle[] = {"hint-lower-limit"};
    const Result& result = run(port::v6_12::variant, program::parse(program), {.known = oracle});
    EXPECT_EQ(result.known_met, std::vector<std::string>{"hint-lower-limit:alloc_iova:alloc:none"});
  }
}

TEST(Known, HintIsTheCauseWhoeverIsOffline) {
  std::string known[] = {hint_key};
  EXPECT_EQ(run(port::v7_3::variant,
                program::parse("cache_get\ninit\nreserve size=0xfffc0\ninit_rcaches\nalloc_fast\n"
                               "free_fast\noffline 0\nalloc limit=dma31-1\nalloc_fast size=17\n"),
                {.known = known})
                .known_met,
            std::vector<std::string>{hint_key});
}

// Each CPU has two magazines of each size from the start.
TEST(Rest, EmptyMagazinesAreNoLeak) {
  run(port::v6_12::variant,
      program::parse("cpus 8\ncache_get\ninit\ninit_rcaches\ninit domain=1\n"
                     "init_rcaches domain=1\ninit domain=2\ninit_rcaches domain=2\nidle\n"));
}

constexpr const char* partial = "cache_get\ninit\nreserve lo=100 size=10\n"
                                "reserve lo=120 size=10\nfail 0x1\nreserve lo=90 size=100\n";
const std::string partial_key = "reserve-partial:reserve_iova:reserve:alloc_iova_mem";

TEST(FailedReservation, MayKeepAPrefixOnly) {
  EXPECT_DEATH(run(port::v7_3::variant, program::parse(partial)), literally(partial_key));
  run(fixed, program::parse(partial));
}

// Wrong in another way than the known one, where that one is gone past.
void expect_traces(void* (*reserve)(void*, unsigned long, unsigned long)) {
  iova_variant broken = fixed;
  broken.reserve = reserve;
  std::string known[] = {partial_key};
  EXPECT_DEATH(run(broken, program::parse(partial), {.known = known}),
               literally("key: failure-left-traces:reserve_iova:reserve:alloc_iova_mem"));
}

TEST(FailedReservation, MayNotKeepAnotherPart) {
  expect_traces([](void* domain, unsigned long lo, unsigned long hi) -> void* {
    if (void* iova = fixed.reserve(domain, lo, hi)) return iova;
    fixed.reserve(domain, 105, hi);
    return nullptr;
  });
}

TEST(FailedReservation, MayNotReachBelowItsRange) {
  expect_traces([](void* domain, unsigned long lo, unsigned long hi) -> void* {
    if (void* iova = fixed.reserve(domain, lo, hi)) return iova;
    fixed.reserve(domain, lo - 1, 100);
    return nullptr;
  });
}

TEST(FailedReservation, MayNotLoseAnotherRangeOfTheSameSize) {
  expect_traces([](void* domain, unsigned long lo, unsigned long hi) -> void* {
    if (void* iova = fixed.reserve(domain, lo, hi)) return iova;
    fixed.free_pfn(domain, 120);
    fixed.reserve(domain, 90, 100);
    return nullptr;
  });
}

TEST(FailedReservation, MayNotChangeTheNumberOfObjects) {
  expect_traces([](void* domain, unsigned long lo, unsigned long hi) -> void* {
    if (void* iova = fixed.reserve(domain, lo, hi)) return iova;
    fixed.reserve(domain, lo, 99);
    return nullptr;
  });
}

TEST(ImpossibleRequest, GrantedFromTheRcachesIsNotTakenForOneGrantedFromTheTree) {
  EXPECT_DEATH(run(port::v7_3::variant,
                   program::parse(std::string(ready) + "alloc_fast size=32\nfree_fast\n"
                                                       "alloc_fast size=32 limit=10\n")),
               literally("key: impossible-granted:iova_rcache_get:alloc_fast:none"));
}

// Above all that addresses reach, but granted before, it is a range all the same.
TEST(ImpossibleRequest, GonePastItIsOwnedLikeAnother) {
  std::string known[] = {"impossible-granted:iova_rcache_get:alloc_fast:none"};
  auto program =
      program::parse(std::string(ready) + "alloc_fast size=32 limit=0xfffffffffffffff0\nfree_fast\n"
                                          "alloc_fast size=32 limit=10\n");
  EXPECT_EQ(run(port::v6_12::variant, program, {.known = known, .always_check = true}).known_met,
            std::vector<std::string>{known[0]});
}

// Of a design that shows nothing nobody knows whether 12 pages were made 16.
TEST(Withheld, PagesBehindARangeAreNobodysAndNotFree) {
  const iova_variant variant = without_views(fixed);
  auto program =
      program::parse(std::string(ready) + "alloc_fast size=12\nfind_pfn dma32-1\nfree_pfn dma32-1\n"
                                          "reserve lo=dma32-1\nfree_fast\n");
  EXPECT_TRUE(run(variant, program, {.always_check = true}).known_met.empty());
}

TEST(Known, CrashOfRcacheInitIsGonePast) {
  std::string known[] = {"slab-free-null:iova_magazine_free:init_rcaches:iova_magazine_alloc"};
  auto program = program::parse("cache_get\ninit\nfail 0x10\ninit_rcaches\nalloc\n");
  EXPECT_EQ(run(port::v6_12::variant, program, {.known = known}).known_met.size(), 1u);
}

TEST(Known, FindingsThatSpoilTheWorldAreNotGonePast) {
  static iova_variant broken;
  broken = fixed;
  broken.each_node = [](const void*, bool (*)(void*, unsigned long, unsigned long), void*) {};
  std::string known[] = {"tree-anchor:any:any:none"};
  EXPECT_DEATH(run(broken, program::parse("init\n"), {.known = known}), literally(known[0]));
}

TEST(Report, HasKeyHeadlineFaultsAndOperationFirst) {
  constexpr const char* expected =
      "\n==iovafuzz== key: slab-free-null:iova_magazine_free:init_rcaches:iova_magazine_alloc\n"
      "broken rule: slab-free-null: kmem_cache_free() of a NULL pointer\n"
      "fault injected: operation 3 (init_rcaches), its 5th attempt: "
      "kmem_cache_alloc(iommu_iova_magazine) of 1024 bytes, GFP_KERNEL, in "
      "iova_magazine_alloc()\n"
      "operation: 3 (init_rcaches)\n";
  EXPECT_DEATH(
      run(port::v6_12::variant, program::parse("cache_get\ninit\nfail 0x10\ninit_rcaches\n")),
      literally(expected));
}

TEST(Report, MarksTheOperationAtFaultInTheProgram) {
  EXPECT_DEATH(run(port::v7_3::variant, program::parse(hint_poisoned)),
               literally("program:\n"
                         "      0  cache_get\n"
                         "      1  init\n"
                         "      2  alloc unaligned size=1000 limit=0x3ff\n"
                         "      3  alloc size=32 limit=0x3ff\n"
                         "->    4  alloc size=32\n"
                         "      5  alloc size=32\n"));
}

// In the midst of an operation, wherever it shows.
TEST(Report, TellsTheCallThatWentWrongFirst) {
  static const iova_variant& good = port::fixed::variant;
  iova_variant variant = good;
  variant.free_fast = [](void* domain, unsigned long pfn, unsigned long size) {
    if (pfn != 0xffffe) good.free_fast(domain, pfn, size);
  };
  EXPECT_DEATH(
      run(variant, program::parse("cache_get\ninit\ninit_rcaches\nalloc_fast x4\nfree_fast x4\n")),
      literally("operation: 4 (free_fast x4), its 3rd call\nin: free_iova_fast\n"
                "came to: node-unaccounted:any:any:none at the end of the program\n"));
}

TEST(Report, TellsOfAnEarlierOperationThatWentWrongFirst) {
  static const iova_variant& good = port::fixed::variant;
  iova_variant variant = good;
  variant.free_fast = [](void* domain, unsigned long pfn, unsigned long size) {
    if (pfn != 0xffffe) good.free_fast(domain, pfn, size);
  };
  // So much is in use that the whole state is looked at now and then only.
  std::string text = "cache_get\ninit\ninit_rcaches\nalloc_fast slot=b x2\nalloc_fast x2000\n"
                     "find slot=b\nfree_fast slot=b oldest x2\n";
  for (int i = 0; i < 12; i++) text += "find oldest\n";
  EXPECT_DEATH(run(variant, program::parse(text)),
               literally("operation: 6 (free_fast slot=b oldest x2)\nin: free_iova_fast\n"
                         "came to: node-unaccounted:any:any:none at the end of the program\n"));
}

TEST(Report, ShowsTheSpaceOfADomainAsAMap) {
  EXPECT_DEATH(run(port::v7_3::variant,
                   program::parse("cache_get\ninit\ninit_rcaches\nreserve lo=0x100 size=16\n"
                                  "alloc slot=b x3\nalloc_fast x2\nfree_fast\n"
                                  "alloc size=1000 limit=0x80\nalloc size=1000\n")),
               literally("domain 0: granule 4096, start 0x1, rcaches, 4 ranges in use, 16 pages "
                         "reserved\n"
                         "  0x1..0xff                free\n"
                         "  0x100..0x10f             reserved\n"
                         "  0x110..0xffffa           free\n"
                         "  0xffffb                  cached\n"
                         "  0xffffc                  in use, alloc_fast\n"
                         "  0xffffd..0xfffff         in use, alloc, 3 ranges\n"
                         "  0x100000..0xfffffffffffffffe free, 0x100000 is 4 GiB\n"
                         "  max32_alloc_size 0x3e8, cached_node 0xffffffffffffffff, cached32_node "
                         "0xffffb\n"));
}

TEST(Report, IsHandedToTheSink) {
  EXPECT_EXIT(
      {
        set_report_sink([](const Report& report) {
          fmt::print(stderr, "sink: {}", report.key);
          fflush(stderr);
          _exit(3);
        });
        run(port::v7_3::variant, program::parse(hint_poisoned));
      },
      testing::ExitedWithCode(3), literally("sink: " + hint_key));
}

iova_variant sleeps_when_it_allocates() {
  iova_variant variant = port::fixed::variant;
  variant.alloc = [](void* domain, unsigned long size, unsigned long limit, bool aligned) {
    might_sleep();
    return port::fixed::variant.alloc(domain, size, limit, aligned);
  };
  return variant;
}

TEST(Irq, RunsTheNextOperationInAnInterruptHandler) {
  iova_variant variant = sleeps_when_it_allocates();
  run(variant, program::parse("cache_get\ninit\nalloc\n"));
  EXPECT_DEATH(run(variant, program::parse("cache_get\ninit\nirq\nalloc\n")),
               "key: sleep-in-atomic:");
  run(variant, program::parse("cache_get\ninit\nirq\nfree\nalloc\n"));
}

TEST(Irq, LeavesOutWhatMaySleep) {
  run(port::fixed::variant, program::parse("irq\ncache_get\nirq\ninit\nirq\ninit_rcaches\n"
                                           "irq\nput\nirq\ncache_put\n"));
}

TEST(Irq, KeepsTheFaultsOfTheOperation) {
  auto steps = narrate("cache_get\ninit\nfail 0x1\nirq\nalloc\nalloc\n");
  EXPECT_EQ(steps[4], "NULL");
  EXPECT_EQ(steps[5], "0xfffff");
}

TEST(End, TakesEverythingBackAndMissesWhatIsLost) {
  static const iova_variant& good = port::fixed::variant;
  iova_variant variant = good;
  variant.free_fast = [](void* domain, unsigned long pfn, unsigned long size) {
    if (pfn != 0xffffe) good.free_fast(domain, pfn, size);
  };
  run(variant, program::parse("cache_get\ninit\ninit_rcaches\nalloc_fast\n"));
  EXPECT_DEATH(run(variant, program::parse("cache_get\ninit\ninit_rcaches\nalloc_fast x3\n")),
               "key: node-unaccounted:any:any:none");
}

}  // namespace
}  // namespace engine
