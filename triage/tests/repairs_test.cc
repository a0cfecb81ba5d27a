// SPDX-License-Identifier: GPL-2.0-only
// A correct repair of a known issue in Linux 6.12 removes that issue from the output and adds
// nothing.
#include <map>
#include <regex>

#include "triage/tests/altered_trees_test.h"

namespace tool {
namespace {

struct Repair {
  const char* name;
  const char* issue;  // id in the ledger
  std::vector<Edit> edits;
};

const std::vector<Repair>& repairs() {
  static const char queue[] = "drivers/iommu/dma-iommu.c";
  static const std::vector<Repair> all{
      {"magazines_may_be_null",
       "mag-free-null",
       {{"\tkmem_cache_free(iova_magazine_cache, mag);",
         "\tif (mag)\n\t\tkmem_cache_free(iova_magazine_cache, mag);"}}},
      {"caches_are_forgotten",
       "stale-cache",
       {{"\tif (!iova_cache_users) {\n\t\tiova_cache =",
         "\tif (!iova_cache_users) {\n\t\tiova_magazine_cache = NULL;\n\t\tiova_cache ="}}},
      {"hint_from_the_whole_space",
       "hint-poisoned",
       {{"\t\tiovad->max32_alloc_size = size;",
         "\t\tif (limit_pfn >= iovad->dma_32bit_pfn)\n\t\t\tiovad->max32_alloc_size = size;"}}},
      {"hint_for_aligned_requests",
       "hint-aligned",
       {{"\tif (limit_pfn <= iovad->dma_32bit_pfn &&\n",
         "\tif (size_aligned && limit_pfn <= iovad->dma_32bit_pfn &&\n"}}},
      {"cache_asked_within_the_limit",
       "rcache-limit-underflow",
       {{"\t\treturn 0;\n\n\treturn __iova_rcache_get(",
         "\t\treturn 0;\n\tif (size > limit_pfn)\n\t\treturn 0;\n\n\treturn __iova_rcache_get("}}},
      {"reservation_allocates_first",
       "reserve-not-atomic",
       {{"\tstruct iova *iova;\n\tunsigned int overlap = 0;",
         "\tstruct iova *iova, *spare;\n\tunsigned int overlap = 0;"},
        {"> (ULLONG_MAX >> iova_shift(iovad))))\n\t\treturn NULL;\n",
         "> (ULLONG_MAX >> iova_shift(iovad))))\n\t\treturn NULL;\n"
         "\tspare = alloc_and_init_iova(pfn_lo, pfn_hi);\n\tif (!spare)\n\t\treturn NULL;\n"},
        {"\tiova = __insert_new_range(iovad, pfn_lo, pfn_hi);\nfinish:\n",
         "\tspare->pfn_lo = pfn_lo;\n\tspare->pfn_hi = pfn_hi;\n"
         "\tiova_insert_rbtree(&iovad->rbroot, spare, NULL);\n"
         "\tiova = spare;\n\tspare = NULL;\nfinish:\n\tif (spare)\n\t\tfree_iova_mem(spare);\n"}}},
      {"queue_flushes_until_there_is_room",
       "queue-overrun",
       {{"\tif (fq_full(fq)) {\n", "\twhile (fq_full(fq)) {\n", queue}}},
      {"queue_refuses_and_frees_at_once",
       "queue-overrun",
       {{"\t\tfq_ring_free_locked(cookie, fq);\n\t}\n",
         "\t\tfq_ring_free_locked(cookie, fq);\n\t}\n\tif (fq_full(fq)) {\n"
         "\t\tspin_unlock_irqrestore(&fq->lock, flags);\n\t\tiommu_put_pages_list(freelist);\n"
         "\t\tfree_iova_fast(&cookie->iovad, pfn, pages);\n\t\treturn;\n\t}\n",
         queue}}},
      {"limit_of_all_pfns",
       "limit-wraps",
       {{"size, limit_pfn + 1,\n\t\t\tnew_iova",
         "size, limit_pfn + !!~limit_pfn,\n\t\t\tnew_iova"}}},
      {"fast_way_spares_pfn_0",
       "pfn-0-lost",
       {{"\tnew_iova = alloc_iova(iovad, size, limit_pfn, true);\n",
         "\tnew_iova = alloc_iova(iovad, size, limit_pfn, true);\n"
         "\tif (new_iova && !new_iova->pfn_lo) {\n\t\t__free_iova(iovad, new_iova);\n"
         "\t\tnew_iova = NULL;\n\t}\n"}}},
  };
  return all;
}

std::map<std::string, std::string> known_in(const std::string& kernel) {
  std::map<std::string, std::string> states;
  for (const json& row : tool_json({"known", "--kernel", kernel, "--json"}))
    states[row["id"]] = row["state"];
  return states;
}

// Without long tests, only issues with several repairs; AllAtOnce covers the others.
std::vector<Repair> alone() {
  std::vector<Repair> some = repairs();
  if (!getenv("IOVAFUZZ_LONG"))
    std::erase_if(
        some, [](const Repair& repair) { return repair.issue != std::string("queue-overrun"); });
  return some;
}

class RepairedTree : public testing::TestWithParam<Repair> {};

TEST_P(RepairedTree, HasOneIssueLess) {
  auto expected = known_in("debian:6.12");
  EXPECT_EQ(expected[GetParam().issue], "present");
  expected[GetParam().issue] = "repaired in this tree";
  PatchedTree tree("debian:6.12");
  tree.apply(GetParam().edits);
  EXPECT_EQ(known_in(tree.path()), expected);
  expect_nothing_new(tree.path());
}

INSTANTIATE_TEST_SUITE_P(, RepairedTree, testing::ValuesIn(alone()),
                         [](const auto& info) { return std::string(info.param.name); });

// v6.1 as released; Debian's version has the repair.
TEST(RepairedTreesLong, SecondPassOfOldTreesStaysAboveTheStart) {
  PatchedTree old("debian:6.1");
  old.replace("retry_pfn = curr_iova->pfn_hi;", "retry_pfn = curr_iova->pfn_hi + 1;");
  old.replace("low_pfn = retry_pfn + 1;", "low_pfn = retry_pfn;");
  auto expected = known_in(old.path());
  EXPECT_EQ(expected["second-pass-wraps"], "present");
  // Vendors backported it under another variable name, and it is recognized there, too.
  const std::string source = old.file("drivers/iommu/iova.c");
  write_file(source, std::regex_replace(read_file(source), std::regex("retry_pfn"), "low_pfn_new"));
  const json replayed =
      tool_json({"replay", "--kernel", old.path(),
                 (source_folder() / "corpus/iova_domain/start_above_4g.iova").string()});
  for (const auto& [key, issue] : replayed[0]["known"].items())
    EXPECT_EQ(issue, "second-pass-wraps") << key;
  EXPECT_EQ(replayed[0]["known"].size(), 1u) << to_text(replayed);
  expected["second-pass-wraps"] = "repaired in this tree";
  EXPECT_EQ(known_in("debian:6.1"), expected);
  // The search never ends.
  TemporaryFolder folder;
  const std::filesystem::path endless = folder.path() / "endless.iova";
  write_file(endless, "cache_get\ninit start=0\nalloc size=10 limit=5\n");
  CommandResult result = tool({"replay", "--kernel", old.path(), endless.string()});
  EXPECT_NE(result.output.find("search-endless:__alloc_and_insert_iova_range:alloc:none"),
            std::string::npos)
      << result.output;
  EXPECT_NE(result.output.find("second-pass-wraps"), std::string::npos) << result.output;
}

// An issue is what it is under any names.
TEST(RenamedTrees, HaveTheSameIssues) {
  auto expected = known_in("debian:6.12");
  const bool has_null = expected["mag-free-null"] == "present";
  PatchedTree tree("debian:6.12");
  for (const auto& [name, other, file] :
       {std::tuple("max32_alloc_size", "lowest_refused", "drivers/iommu/iova.c"),
        {"max32_alloc_size", "lowest_refused", "include/linux/iova.h"},
        {"iova_magazine_free", "iova_magazine_release", "drivers/iommu/iova.c"},
        {"alloc_iova_mem", "iova_mem_get", "drivers/iommu/iova.c"}})
    write_file(tree.file(file),
               std::regex_replace(read_file(tree.file(file)), std::regex(name), other));
  expected["hint-poisoned"] = expected["hint-aligned"] = "another finding";
  EXPECT_EQ(known_in(tree.path()), expected);
  expect_nothing_new(tree.path());
  if (has_null) {
    const CommandResult known = tool({"known", "--kernel", tree.path()});
    EXPECT_NE(known.output.find("slab-free-null:iova_magazine_release:"), std::string::npos)
        << known.output;
  }
}

TEST(RepairedTrees, AllAtOnceHaveNoIssueLeft) {
  PatchedTree tree("debian:6.12");
  for (const Repair& repair : repairs())
    if (repair.name != std::string("queue_refuses_and_frees_at_once")) tree.apply(repair.edits);
  for (const auto& [issue, state] : known_in(tree.path())) EXPECT_NE(state, "present") << issue;
  expect_nothing_new(tree.path());
}

}  // namespace
}  // namespace tool
