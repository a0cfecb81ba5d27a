// SPDX-License-Identifier: GPL-2.0-only
#include "engine/engine.h"
#include "engine/ledger.h"
#include "engine/views.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "iova/port_variants.h"
#include "program/mutation.h"
#include "shim/locks.h"
#include "testing/literally.h"

namespace engine {
namespace {

const iova_variant& fixed = port::fixed::variant;

std::vector<std::string> outcomes;  // of the last run of narrate()

// One line for each operation: its outcome, or "skipped: " and the reason.
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

// A quirk on which variant and model disagree.
struct Flip {
  const char* name;
  void (*flip)(iova_variant& variant);
  const char* found;           // the oracle that reports it first
  const char* text = nullptr;  // a program, if random growth finds none soon
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
  const char* why;   // a part of the reason
};
void PrintTo(const Skip& skip, std::ostream* out) { *out << skip.text; }

class Contract : public testing::TestWithParam<Skip> {};

TEST_P(Contract, SkipsWhatWouldBreakIt) {
  narrate(GetParam().text);
  ASSERT_GE(outcomes.size(), 2u);
  const std::string& outcome = outcomes[outcomes.size() - 2];
  EXPECT_EQ(outcome.find("skipped: "), 0u) << outcome;
  EXPECT_NE(outcome.find(GetParam().why), std::string::npos) << outcome;
}

INSTANTIATE_TEST_SUITE_P(
    , Contract,
    testing::Values(
        Skip{"PutOfTheCacheNotHeld", "cache_put\n", "no reference is held"},
        Skip{"LastPutUnderADomain", "cache_get\ninit\ncache_put\n", "last reference"},
        Skip{"SecondInit", "init\ninit\n", "the domain is initialized"},
        Skip{"StartBeyondTheSpace", "init start=0x10000000000000\n", "the start is outside"},
        Skip{"StartAtTheAnchor", "init granule=1 start=0xffffffffffffffff\n",
             "the start is outside"},
        Skip{"RcachesWithoutDomain", "cache_get\ninit_rcaches\n", "the domain is not initialized"},
        Skip{"RcachesTwice", "cache_get\ninit\ninit_rcaches\ninit_rcaches\n",
             "the domain has rcaches"},
        Skip{"RcachesWithoutCache", "init\ninit_rcaches\n", "the cache is not held"},
        Skip{"PutWithoutDomain", "put\n", "the domain is not initialized"},
        Skip{"PutTwice", "init\nput\nput\n", "the domain is not initialized"},
        Skip{"AllocWithoutDomain", "cache_get\nalloc\n", "the domain is not initialized"},
        Skip{"AllocWithoutCache", "init\nalloc\n", "the cache is not held"},
        Skip{"AllocWithLimitAllOnes", "cache_get\ninit\nalloc limit=0xffffffffffffffff\n",
             "limit ~0 needs edge"},
        Skip{"FastWithoutRcaches", "cache_get\ninit\nalloc_fast\n", "the domain has no rcaches"},
        Skip{"FastAfterFailedRcaches", "cache_get\ninit\nfail 0x1\ninit_rcaches\nalloc_fast\n",
             "the domain has no rcaches"},
        Skip{"FastFromPfn0", "cache_get\ninit start=0\ninit_rcaches\nalloc_fast\n",
             "pfn 0 needs edge"},
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
             "exceeds the address space"},
        Skip{"ReserveThatWraps",
             "cache_get\ninit granule=1\nreserve lo=0xfffffffffffffff0 size=64\n",
             "exceeds the address space"},
        Skip{"ReserveOfTheAnchor", "cache_get\ninit granule=1\nreserve lo=0xffffffffffffffff\n",
             "exceeds the address space"},
        Skip{"CpuThatIsOffline", "offline 1\ncpu 1\n", "the CPU is not online"},
        Skip{"OfflineTwice", "cpus 3\noffline 1\noffline 1\n", "the CPU is not online"},
        Skip{"OfflineOfTheLast", "cpus 1\noffline 0\n", "last online CPU"},
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

// v6.12 allocates two magazines for each size and CPU at init.
TEST(Rest, EmptyMagazinesAreNoLeak) {
  run(port::v6_12::variant,
      program::parse("cpus 8\ncache_get\ninit\ninit_rcaches\ninit domain=1\n"
                     "init_rcaches domain=1\ninit domain=2\ninit_rcaches domain=2\nidle\n"));
}

TEST(ImpossibleRequest, GrantedFromTheRcachesIsNotTakenForOneGrantedFromTheTree) {
  EXPECT_DEATH(run(port::v7_3::variant,
                   program::parse(std::string(ready) + "alloc_fast size=32\nfree_fast\n"
                                                       "alloc_fast size=32 limit=10\n")),
               literally("key: impossible-granted:iova_rcache_get:alloc_fast:none"));
}

// The range lies above all addresses, but it was granted before, so it has an owner like any other.
TEST(ImpossibleRequest, GonePastItIsOwnedLikeAnother) {
  std::string known[] = {"impossible-granted:iova_rcache_get:alloc_fast:none"};
  auto program =
      program::parse(std::string(ready) + "alloc_fast size=32 limit=0xfffffffffffffff0\nfree_fast\n"
                                          "alloc_fast size=32 limit=10\n");
  EXPECT_EQ(run(port::v6_12::variant, program, {.known = known, .always_check = true}).known_met,
            std::vector<std::string>{known[0]});
}

// Without views, nobody knows whether the allocator rounded 12 pages up to 16.
TEST(Withheld, PagesBehindARangeAreNobodysAndNotFree) {
  const iova_variant variant = without_views(fixed);
  auto program =
      program::parse(std::string(ready) + "alloc_fast size=12\nfind_pfn dma32-1\nfree_pfn dma32-1\n"
                                          "reserve lo=dma32-1\nfree_fast\n");
  EXPECT_TRUE(run(variant, program, {.always_check = true}).known_met.empty());
}

// A design without views may keep anything in fields of the same names.
TEST(WithoutViews, FieldsAreNotRead) {
  iova_variant variant = without_views(fixed);
  variant.fields = [](const void*, iova_fields*) { ADD_FAILURE(); };
  auto program = program::parse(std::string(ready) + "alloc\nalloc_fast\nfree_fast\nfree\nput\n");
  EXPECT_TRUE(run(variant, program, {.always_check = true}).known_met.empty());
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
