// SPDX-License-Identifier: GPL-2.0-only
// Altered trees: keeping all promises is correct whatever the reference does, and a broken promise
// is found whatever the design.
#include "tool/support/command_test.h"
#include "triage/tests/altered_trees_test.h"

namespace tool {
namespace {

constexpr char low_limit[] = "iova_tree/low_limit_failure_leaves_the_hint_alone.iova";

TEST(Contract, RepairsOfKnownIssuesAreRight) {
  Repaired tree;
  CommandResult result = tool({"replay", "--quiet", "--past", "ledger", "--kernel", tree.path(),
                               (source_folder() / "corpus/iova_init_faults").string(),
                               (source_folder() / "corpus/iova_domain").string()});
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_EQ(result.output.find("breaks no promise"), std::string::npos) << result.output;
}

TEST(Contract, AnotherHintIsADifference) {
  Repaired tree;
  tree.replace("\t\tiovad->max32_alloc_size = size;\n\t\tgoto",
               "\t\tif (limit_pfn == iovad->dma_32bit_pfn)\n"
               "\t\t\tiovad->max32_alloc_size = size;\n\t\tgoto");
  json row = tree.replay(low_limit);
  EXPECT_EQ(row["keys"], json({{"clean", 1}})) << to_text(row);
  EXPECT_EQ(row["differences"], json({"hint-wrong:alloc_iova:alloc:none"})) << to_text(row);
  row = tree.replay(low_limit, {"--strict"});
  EXPECT_EQ(row["keys"], json({{"hint-wrong:alloc_iova:alloc:none", 1}})) << to_text(row);
}

TEST(Contract, CachesMayBeOfAnyKind) {
  Repaired tree;
  tree.replace("kmem_cache_create(\"iommu_iova\", sizeof(struct iova), 0,",
               "kmem_cache_create(\"ranges\", sizeof(struct iova), sizeof(long),");
  json row = tree.replay("iova_domain/plain_life_of_one_domain.iova");
  EXPECT_EQ(row["keys"], json({{"clean", 1}})) << to_text(row);
}

// The range is in the magazines of an offline CPU, and nobody owns it.
TEST(Contract, CapacityThatNoFlushReachesIsFound) {
  Repaired tree;
  tree.replace("cpu_rcache = raw_cpu_ptr(rcache->cpu_rcaches);",
               "cpu_rcache = per_cpu_ptr(rcache->cpu_rcaches, num_possible_cpus() - 1);");
  json row = tree.replay(
      "cpus 2\ncache_get\ninit start=16\ninit_rcaches\noffline 1\nalloc_fast x16 limit=31\n"
      "free_fast x16\nalloc_fast slot=b size=16 limit=31\n");
  EXPECT_EQ(row["keys"], json({{"spurious-failure:alloc_iova:alloc:none", 1}})) << to_text(row);
}

TEST(Contract, CpuThatIsReadWhereTheTaskMayMoveIsFound) {
  Repaired tree;
  tree.replace("cpu_rcache = raw_cpu_ptr(rcache->cpu_rcaches);",
               "cpu_rcache = per_cpu_ptr(rcache->cpu_rcaches, smp_processor_id());");
  json row = tree.replay("cache_get\ninit\ninit_rcaches\nalloc_fast\nfree_fast\n");
  EXPECT_EQ(row["keys"], json({{"cpu-preemptible:__iova_rcache_insert:free_fast:none", 1}}))
      << to_text(row);
}

TEST(Contract, MismatchOfBooksHasOneKeyWhateverShowsIt) {
  WithSentinel tree("0");
  for (const char* program : {"init\n", "cache_get\ninit\nalloc\nfind\nfree\n"}) {
    json row = tree.replay(program, {"--strict"});
    EXPECT_TRUE(row["keys"].contains("node-unaccounted:any:any:none") ||
                row["keys"].contains("object-count:any:any:none"))
        << to_text(row);
  }
}

// If callers may ask for the node's page, that page is lost: no promise is about nodes, but one is
// about pages.
TEST(Contract, NodeThatNobodyOwnsIsLostCapacityWhereItsPageIsAsked) {
  WithSentinel tree("start_pfn + 20");
  std::string past = "slab-free-interior:free_iova_mem:put:none";
  for (const char* program : {"cache_get\ninit\nalloc\n", "cache_get\ninit\nalloc\nput\n"}) {
    json row = tree.replay(program, {"--past", past});
    EXPECT_EQ(row["keys"], json({{"capacity-lost:any:any:none", 1}})) << to_text(row);
  }
}

// A failure in the final checks names the final check's call, marked with the arrow.
TEST(Contract, FindingAtTheEndNamesWhatTheEndAsked) {
  Repaired tree;
  tree.replace("\t\tif (!flush_rcache)\n\t\t\treturn 0;",
               "\t\tif (!flush_rcache)\n\t\t\treturn 5;");
  TemporaryFolder folder;
  std::string file = folder.write("a.iova", "cache_get\ninit\ninit_rcaches\n");
  CommandResult result = tool({"show", "--kernel", tree.path(), file});
  for (const char* words : {":end:none", "-> (end)  alloc_fast size=", " limit=0", "(end)     "})
    EXPECT_NE(result.output.find(words), std::string::npos) << words << "\n" << result.output;
}

// An unknown error value is reported as an address that was not requested, and not used as a range.
TEST(Contract, ErrorsThatLookLikeRangesAreTheTreesDoing) {
  Repaired tree;
  tree.replace("\t\tif (!flush_rcache)\n\t\t\treturn 0;",
               "\t\tif (!flush_rcache)\n\t\t\treturn ~0UL;");
  json row = tree.replay(
      "cache_get\ninit\ninit_rcaches\nalloc_fast limit=16 x32\nfree_fast x32\nalloc_fast x4\n");
  EXPECT_EQ(row["keys"], json({{"iova-above-limit:alloc_iova:alloc:none", 1}})) << to_text(row);
  row = tree.replay(
      "cache_get\ninit\ninit_rcaches\nalloc_fast limit=16 x32\nfree_fast x32\nalloc_fast x4\n",
      {"--past", "iova-above-limit", "--past", "impossible-granted"});
  EXPECT_EQ(row["keys"], json({{"clean", 1}})) << to_text(row);
}

TEST(Contract, PointersThatAreNoRangeAreNotLookedAt) {
  Repaired tree;
  tree.replace("\tnew_iova = alloc_iova_mem();\n\tif (!new_iova)\n\t\treturn NULL;",
               "\tnew_iova = alloc_iova_mem();\n\tif (!new_iova)\n\t\treturn ERR_PTR(-ENOMEM);");
  json row = tree.replay("cache_get\ninit\nfail 0x1\nalloc\nfree\nalloc\n");
  EXPECT_EQ(row["keys"], json({{"no-range:alloc_iova:alloc:alloc_iova_mem", 1}})) << to_text(row);
  row = tree.replay("cache_get\ninit\nfail 0x1\nalloc\nfree\nalloc\n", {"--past", "no-range"});
  EXPECT_EQ(row["keys"], json({{"clean", 1}})) << to_text(row);
}

TEST(Contract, FaultThatInitSwallowsIsFoundByWhatItCostsCallers) {
  ReservesInInit tree;
  const std::string key = "iova-below-start:alloc_iova:alloc:none";
  json row = tree.replay("cache_get\nfail 0x1\ninit start=16\nalloc x20 limit=31\n");
  EXPECT_EQ(row["keys"], json({{key, 1}})) << to_text(row);
}

TEST(Contract, TreeThatNoLongerBalancesIsTold) {
  Repaired tree;
  tree.replace("\t__rb_insert(node, root, dummy_rotate);", "", "lib/rbtree.c");
  json row = tree.replay("cache_get\ninit\nalloc x40\n");
  EXPECT_EQ(row["keys"], json({{"tree-unbalanced:alloc_iova:alloc:none", 1}})) << to_text(row);
}

// A queue call that waits for a flush continues during another operation, which is not blamed.
TEST(Contract, WhatACallDoesIsToldOfItsOwnOperation) {
  TemporaryFolder folder;
  std::string file = folder.write(
      "a.iova",
      "cpus 3\ncache_get\ninit\ninit_rcaches\nqueue_init\nalloc_fast x600\nqueue x255\nslow\n"
      "queue x256\nalloc_fast x167\nqueue x255\nslow\nqueue\ntick 100\n");
  json row = tool_json({"replay", "--revision", "6.12", file})[0];
  EXPECT_EQ(row["keys"], json({{"queue-overrun:queue_iova:queue:none", 1}})) << to_text(row);
}

}  // namespace
}  // namespace tool
