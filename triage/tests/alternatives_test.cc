// SPDX-License-Identifier: GPL-2.0-only
// Trees that keep the contract but work differently from Linux 6.12 cause differences at most. Each
// tree here is legal: nothing that it shows may be a finding.
#include "triage/tests/altered_trees_test.h"

namespace tool {
namespace {

struct Alternative {
  const char* name;
  bool is_long;  // too slow for every commit
  std::vector<Edit> edits;
};

// Inserted before the search from the top: walks up, and allocates where take() allows it.
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

#define EACH_CACHE "\tfor (i = 0; i < IOVA_RANGE_CACHE_MAX_SIZE; ++i) {"
#define EACH_OF_BOTH "\tfor (i = 0; i < 2 * IOVA_RANGE_CACHE_MAX_SIZE; ++i) {"
#define EACH_CACHE_OF_AN_INT "\tfor (int i = 0; i < IOVA_RANGE_CACHE_MAX_SIZE; ++i) {"
#define EACH_OF_BOTH_OF_AN_INT "\tfor (int i = 0; i < 2 * IOVA_RANGE_CACHE_MAX_SIZE; ++i) {"

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
      {"more_sizes",
       true,
       {{"#define IOVA_RANGE_CACHE_MAX_SIZE 6", "#define IOVA_RANGE_CACHE_MAX_SIZE 9"}}},
      // Caches pfns above 4 GiB separately, in a second half of each array.
      {"caches_apart_by_address",
       true,
       {{"kcalloc(IOVA_RANGE_CACHE_MAX_SIZE,", "kcalloc(2 * IOVA_RANGE_CACHE_MAX_SIZE,"},
        {EACH_CACHE, EACH_OF_BOTH},
        {EACH_CACHE_OF_AN_INT, EACH_OF_BOTH_OF_AN_INT},
        {EACH_CACHE, EACH_OF_BOTH},
        {EACH_CACHE_OF_AN_INT, EACH_OF_BOTH_OF_AN_INT},
        {"__iova_rcache_insert(iovad, &iovad->rcaches[log_size], pfn);",
         "__iova_rcache_insert(iovad, &iovad->rcaches[log_size +\n\t\t(pfn >= iovad->dma_32bit_pfn "
         "? IOVA_RANGE_CACHE_MAX_SIZE : 0)], pfn);"},
        {"\treturn __iova_rcache_get(&iovad->rcaches[log_size], limit_pfn - size);",
         "\tif (limit_pfn > iovad->dma_32bit_pfn) {\n\t\tunsigned long pfn = __iova_rcache_get(\n"
         "\t\t\t&iovad->rcaches[log_size + IOVA_RANGE_CACHE_MAX_SIZE], limit_pfn - size);\n\n"
         "\t\tif (pfn)\n\t\t\treturn pfn;\n\t}\n"
         "\treturn __iova_rcache_get(&iovad->rcaches[log_size], limit_pfn - size);"}}},
      {"depot_emptied_when_full",
       true,
       {{"\t\t\tiova_depot_push(rcache, cpu_rcache->loaded);\n",
         "\t\t\twhile (rcache->depot_size >= 2) {\n"
         "\t\t\t\tstruct iova_magazine *old = iova_depot_pop(rcache);\n\n"
         "\t\t\t\tiova_magazine_free_pfns(old, iovad);\n\t\t\t\tiova_magazine_free(old);\n\t\t\t}\n"
         "\t\t\tiova_depot_push(rcache, cpu_rcache->loaded);\n"}}},
      {"no_depot",
       true,
       {{"iova_magazine_alloc(GFP_ATOMIC);\n",
         "NULL;\n\n\t\tiova_magazine_free_pfns(cpu_rcache->loaded, iovad);\n"
         "\t\tcan_insert = true;\n"}}},
      {"oldest_first",
       true,
       {{"\tfor (i = mag->size - 1; mag->pfns[i] > limit_pfn; i--)\n\t\tif (i == 0)\n\t\t\treturn 0;\n",
         "\tfor (i = 0; i < mag->size && mag->pfns[i] > limit_pfn; i++)\n\t\t;\n"
         "\tif (i == mag->size)\n\t\treturn 0;\n"}}},
      {"queue_released_by_work",
       true,
       {{"struct timer_list\tfq_timer;", "struct delayed_work\tfq_work;", queue},
        {"fq_flush_timeout(struct timer_list *t)", "fq_flush_timeout(struct work_struct *work)",
         queue},
        {"from_timer(cookie, t, fq_timer);",
         "container_of(work, struct iommu_dma_cookie, fq_work.work);", queue},
        {"mod_timer(&cookie->fq_timer,\n\t\t\t  jiffies + ",
         "schedule_delayed_work(&cookie->fq_work,\n\t\t\t  ", queue},
        {"del_timer_sync(&cookie->fq_timer)", "cancel_delayed_work_sync(&cookie->fq_work)", queue},
        {"timer_setup(&cookie->fq_timer, fq_flush_timeout, 0)",
         "INIT_DELAYED_WORK(&cookie->fq_work, fq_flush_timeout)", queue}}},
      // The domain has a node right below its start, until a caller reserves that page.
      {"sentinel_below_the_start",
       true,
       {{"\tstruct iova\tanchor;",
         "\tstruct iova\tanchor;\n\tstruct iova\tsentinel;\n\tbool guarded;",
         "include/linux/iova.h"},
        {"\trb_insert_color(&iovad->anchor.node, &iovad->rbroot);\n",
         "\trb_insert_color(&iovad->anchor.node, &iovad->rbroot);\n"
         "\tiovad->guarded = start_pfn > 0;\n\tif (!iovad->guarded)\n\t\treturn;\n"
         "\tiovad->sentinel.pfn_lo = iovad->sentinel.pfn_hi = start_pfn - 1;\n"
         "\trb_link_node(&iovad->sentinel.node, &iovad->anchor.node, &iovad->anchor.node.rb_left);\n"
         "\trb_insert_color(&iovad->sentinel.node, &iovad->rbroot);\n"},
        {"\t\t\treturn iova;\t/* pfn falls",
         "\t\t\treturn iova == &iovad->sentinel ? NULL : iova;\t/* pfn falls"},
        {"&iovad->rbroot, node)\n\t\tfree_iova_mem(iova);",
         "&iovad->rbroot, node)\n\t\tif (iova != &iovad->sentinel)\n\t\t\tfree_iova_mem(iova);"},
        {"\tfor (node = rb_first(&iovad->rbroot); node; node = rb_next(node)) {\n",
         "\tif (iovad->guarded && pfn_lo <= iovad->sentinel.pfn_lo &&\n"
         "\t    pfn_hi >= iovad->sentinel.pfn_lo) {\n\t\tiovad->guarded = false;\n"
         "\t\trb_erase(&iovad->sentinel.node, &iovad->rbroot);\n\t}\n"
         "\tfor (node = rb_first(&iovad->rbroot); node; node = rb_next(node)) {\n"}}},
      // Keeps a spare node, so that the next request has memory before it takes the lock.
      {"spare_node_of_the_domain",
       true,
       {{"\tstruct iova\tanchor;", "\tstruct iova\tanchor;\n\tstruct iova\t*spare;",
         "include/linux/iova.h"},
        {"\tnew_iova = alloc_iova_mem();\n\tif (!new_iova)\n\t\treturn NULL;\n",
         "\tnew_iova = take_spare(iovad);\n\twas_spare = new_iova;\n\tif (!new_iova)\n"
         "\t\tnew_iova = alloc_iova_mem();\n\tif (!new_iova)\n\t\treturn NULL;\n"},
        {"\tstruct iova *new_iova;\n\tint ret;\n",
         "\tstruct iova *new_iova;\n\tbool was_spare;\n\tint ret;\n"},
        {"\tif (ret) {\n\t\tfree_iova_mem(new_iova);\n",
         "\tif (ret) {\n\t\tif (!was_spare || !keep_spare(iovad, new_iova))\n"
         "\t\t\tfree_iova_mem(new_iova);\n"},
        {"\tspin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);\n\tfree_iova_mem(iova);\n",
         "\tspin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);\n"
         "\tif (!keep_spare(iovad, iova))\n\t\tfree_iova_mem(iova);\n"},
        {"/**\n * alloc_iova - allocates",
         "static struct iova *take_spare(struct iova_domain *iovad)\n{\n\tstruct iova *spare;\n"
         "\tunsigned long flags;\n\n\tspin_lock_irqsave(&iovad->iova_rbtree_lock, flags);\n"
         "\tspare = iovad->spare;\n\tiovad->spare = NULL;\n"
         "\tspin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);\n\treturn spare;\n}\n\n"
         "static bool keep_spare(struct iova_domain *iovad, struct iova *iova)\n{\n"
         "\tunsigned long flags;\n\tbool kept;\n\n"
         "\tspin_lock_irqsave(&iovad->iova_rbtree_lock, flags);\n\tkept = !iovad->spare;\n"
         "\tif (kept)\n\t\tiovad->spare = iova;\n"
         "\tspin_unlock_irqrestore(&iovad->iova_rbtree_lock, flags);\n\treturn kept;\n}\n\n"
         "/**\n * alloc_iova - allocates"},
        {"\trbtree_postorder_for_each",
         "\tif (iovad->spare)\n\t\tfree_iova_mem(iovad->spare);\n\trbtree_postorder_for_each"}}},
      // Frees a range before its pages, and leaves empty lists alone.
      {"queue_puts_pages_last",
       false,
       {{"\t\tiommu_put_pages_list(&fq->entries[idx].freelist);\n", "", queue},
        {"\t\tfq->head = (fq->head + 1) & fq->mod_mask;\n",
         "\t\tif (!list_empty(&fq->entries[idx].freelist))\n"
         "\t\t\tiommu_put_pages_list(&fq->entries[idx].freelist);\n"
         "\t\tfq->head = (fq->head + 1) & fq->mod_mask;\n",
         queue}}},
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
  PatchedTree tree("debian:6.12");
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
