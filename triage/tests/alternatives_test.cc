// SPDX-License-Identifier: GPL-2.0-only
// Who does what the contract asks in another way than Linux 6.12 is told of differences at most.
// Each tree here is legal: none of what it shows may be a finding.
#include "triage/tests/altered_trees_test.h"

namespace tool {
namespace {

struct Alternative {
  const char* name;
  bool is_long;  // not for every commit
  std::vector<Edit> edits;
};

// In front of the search from the top: walks up, and takes what take() says.
#define SEARCH(declarations, take, otherwise)                                                      \
  {                                                                                                \
    "\t/* Walk the tree backwards */\n\tspin_lock_irqsave(&iovad->iova_rbtree_lock, flags);\n",    \
        "\tunsigned long next = iovad->start_pfn;\n" declarations                                  \
        "\tspin_lock_irqsave(&iovad->iova_rbtree_lock, flags);\n"                                  \
        "\tfor (curr = rb_first(&iovad->rbroot); curr; curr = rb_next(curr)) {\n"                  \
        "\t\tcurr_iova = to_iova(curr);\n"                                                         \
        "\t\tnew_pfn = (next + ~align_mask) & align_mask;\n"                                       \
        "\t\tif (new_pfn >= next && new_pfn + size > new_pfn && new_pfn + size <= limit_pfn &&\n"  \
        "\t\t    new_pfn + size <= curr_iova->pfn_lo) {\n" take "\t\t}\n"                          \
        "\t\tif (curr_iova->pfn_hi >= next)\n\t\t\tnext = curr_iova->pfn_hi + 1;\n\t}\n" otherwise \
        "\tspin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);\n\treturn -ENOMEM;\n"          \
  }
#define PLACE(pfn)                                              \
  "new->pfn_lo = " pfn ";\nnew->pfn_hi = " pfn " + size - 1;\n" \
  "iova_insert_rbtree(&iovad->rbroot, new, NULL);\n"            \
  "spin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);\nreturn 0;\n"

const std::vector<Alternative>& alternatives() {
  static const char queue[] = "drivers/iommu/dma-iommu.c";
  static const std::vector<Alternative> all{
      {"bottom_up", false, {SEARCH("", PLACE("new_pfn"), "")}},
      {"best_fit",
       true,
       {SEARCH(
           "\tunsigned long best = 0, least = ~0UL;\n\tbool found = false;\n",
           "if (curr_iova->pfn_lo - next <= least) {\nfound = true;\nleast = curr_iova->pfn_lo - next;\n"
           "best = new_pfn;\n}\n",
           "if (found) {\n" PLACE("best") "}\n")}},
      {"no_hint", true, {{"\t\tiovad->max32_alloc_size = size;\n", ""}}},
      {"no_cached_node",
       true,
       {{"\tif (limit_pfn <= iovad->dma_32bit_pfn)\n\t\treturn iovad->cached32_node;\n\n"
         "\treturn iovad->cached_node;",
         "\treturn &iovad->anchor.node;"}}},
      {"no_magazines",
       false,
       {{"\tif (log_size >= IOVA_RANGE_CACHE_MAX_SIZE)\n\t\treturn false;\n",
         "\tif (log_size >= IOVA_RANGE_CACHE_MAX_SIZE || size)\n\t\treturn false;\n"}}},
      {"small_magazines", true, {{"#define IOVA_MAG_SIZE 127", "#define IOVA_MAG_SIZE 31"}}},
      {"magazines_by_kmalloc",
       false,
       {{"kmem_cache_alloc(iova_magazine_cache, flags)", "kmalloc(sizeof(*mag), flags)"},
        {"kmem_cache_free(iova_magazine_cache, mag)", "kfree(mag)"}}},
      {"nothing_trimmed",
       true,
       {{"\t\t\tschedule_delayed_work(&rcache->work, IOVA_DEPOT_DELAY);\n", ""}}},
      {"all_trimmed", true, {{"rcache->depot_size > num_online_cpus()", "rcache->depot_size > 0"}}},
      {"depot_of_four",
       true,
       {{"\t\tif (new_mag) {\n",
         "\t\tif (new_mag && rcache->depot_size >= 4) {\n"
         "\t\t\tiova_magazine_free_pfns(cpu_rcache->loaded, iovad);\n"
         "\t\t\tiova_magazine_free(new_mag);\n\t\t\tcan_insert = true;\n\t\t} else if (new_mag) {\n"}}},
      {"ring_of_512",
       true,
       {{"#define IOVA_DEFAULT_FQ_SIZE\t256", "#define IOVA_DEFAULT_FQ_SIZE\t512", queue}}},
      {"timeout_of_5",
       true,
       {{"#define IOVA_DEFAULT_FQ_TIMEOUT\t10", "#define IOVA_DEFAULT_FQ_TIMEOUT\t5", queue}}},
      {"flush_with_each_range",
       false,
       {{"\tif (fq_full(fq)) {\n", "\tif (fq->head != fq->tail) {\n", queue}}},
  };
  return all;
}

std::vector<Alternative> chosen() {
  std::vector<Alternative> some = alternatives();
  if (!getenv("IOVAFUZZ_LONG"))
    std::erase_if(some, [](const Alternative& alternative) { return alternative.is_long; });
  return some;
}

class LegalTree : public testing::TestWithParam<Alternative> {};

TEST_P(LegalTree, ShowsDifferencesAtMost) {
  Patched tree("debian:6.12");
  tree.apply(GetParam().edits);
  expect_nothing_new(tree.path());
  if (!getenv("IOVAFUZZ_LONG")) return;
  TemporaryFolder out;
  CommandResult campaign =
      tool({"run", "--kernel", tree.path(), "--time", "60s", "--out", out.path().string()});
  EXPECT_EQ(campaign.status, 0) << campaign.output;
}

INSTANTIATE_TEST_SUITE_P(, LegalTree, testing::ValuesIn(chosen()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace tool
