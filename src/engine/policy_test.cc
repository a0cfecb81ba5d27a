// SPDX-License-Identifier: GPL-2.0-only
#include "engine/policy.h"

#include <gtest/gtest.h>

#include <fmt/core.h>

#include "engine/engine.h"
#include "engine/report.h"
#include "iova/port_variants.h"
#include "testing/literally.h"

namespace engine {
namespace {

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

// First program: ranges held by the offline CPU would serve the request, but the hint refuses it
// either way. Second: calls overlap, so the models are off and only the hint explains the refusal.
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

TEST(Known, CrashOfRcacheInitIsGonePast) {
  std::string known[] = {"slab-free-null:iova_magazine_free:init_rcaches:iova_magazine_alloc"};
  auto program = program::parse("cache_get\ninit\nfail 0x10\ninit_rcaches\nalloc\n");
  EXPECT_EQ(run(port::v6_12::variant, program, {.known = known}).known_met.size(), 1u);
}

TEST(Known, FindingsThatSpoilTheWorldAreNotGonePast) {
  static iova_variant broken;
  broken = port::fixed::variant;
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

iova_variant loses_a_page() {
  static const iova_variant& good = port::fixed::variant;
  iova_variant variant = good;
  variant.free_fast = [](void* domain, unsigned long pfn, unsigned long size) {
    if (pfn != 0xffffe) good.free_fast(domain, pfn, size);
  };
  return variant;
}

// The faulty call is inside a counted operation, and shows at the end of the program.
TEST(Report, TellsTheCallThatWentWrongFirst) {
  const iova_variant variant = loses_a_page();
  EXPECT_DEATH(
      run(variant, program::parse("cache_get\ninit\ninit_rcaches\nalloc_fast x4\nfree_fast x4\n")),
      literally("operation: 4 (free_fast x4), its 3rd call\nin: free_iova_fast\n"
                "first noticed as: node-unaccounted:any:any:none at the end of the program\n"));
}

TEST(Report, TellsOfAnEarlierOperationThatWentWrongFirst) {
  const iova_variant variant = loses_a_page();
  // With so many ranges in use, full looks are rare.
  std::string text = "cache_get\ninit\ninit_rcaches\nalloc_fast slot=b x2\nalloc_fast x2000\n"
                     "find slot=b\nfree_fast slot=b oldest x2\n";
  for (int i = 0; i < 12; i++) text += "find oldest\n";
  EXPECT_DEATH(
      run(variant, program::parse(text)),
      literally("operation: 6 (free_fast slot=b oldest x2)\nin: free_iova_fast\n"
                "first noticed as: node-unaccounted:any:any:none at the end of the program\n"));
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

}  // namespace
}  // namespace engine
