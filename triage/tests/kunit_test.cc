// SPDX-License-Identifier: GPL-2.0-only
// Tests kunit: the generated suites, and programs that KUnit cannot express.
#include "tool/support/command_test.h"

namespace tool {
namespace {

std::string corpus(const std::string& name) { return (source_folder() / "corpus" / name).string(); }

TEST(Kunit, FailsTheAllocationThatTheProgramFails) {
  CommandResult result =
      tool({"kunit", "--revision", "6.12",
            corpus("iova_init_faults/magazine_alloc_fails_in_rcache_init.iova")});
  EXPECT_EQ(result.status, 1);
  // The fifth attempt is the fourth object: one attempt allocates per-CPU memory.
  expect_all(result.output,
             {"// SPDX-License-Identifier: GPL-2.0\n", " * Found by iovafuzz: slab-free-null:",
              "#include <kunit/test.h>", ".suite_init = spare_no_gfp,",
              "\tcurrent->fail_nth = 4;\n"
              "\tKUNIT_EXPECT_EQ(test, iova_domain_init_rcaches(d0), "
              "current->fail_nth ? 0 : -ENOMEM);\n"
              "\tcurrent->fail_nth = 0;\n\tput_iova_domain(d0);\n\tiova_cache_put();\n}\n",
              "kunit_test_suite(iova_slab_free_null_suite);"});
}

TEST(Kunit, ExpectsWhatIsRight) {
  TemporaryFolder folder;
  std::string file =
      folder.write("a.iova", "cache_get\ninit\nalloc unaligned size=1000 limit=1023\n"
                             "alloc size=32 limit=1023\nalloc size=32\n");
  CommandResult result =
      tool({"kunit", "--revision", "6.12", file, "--out", folder.path() / "out"});
  EXPECT_EQ(result.status, 1) << result.output;
  std::string source = read_file(folder.path() / "out/iova_hint_lower_limit_test.c");
  expect_all(source, {"iova = alloc_iova(d0, 32, 0xffffful, true);\n"
                      "\tgranted = take(test, d0, 'a', false, iova ? iova->pfn_lo : 0, 32, "
                      "0xffffful, iova);\n\tKUNIT_EXPECT_EQ(test, granted, 1);\n"});
  EXPECT_EQ(source.find("fail_nth"), std::string::npos);
  expect_all(read_file(folder.path() / "out/.kunitconfig"),
             {"CONFIG_KUNIT=y\n", "CONFIG_IOVA_HINT_LOWER_LIMIT_TEST=y\n"});
}

// Operations with counts, and frees.
TEST(Kunit, KeepsRangesInSlots) {
  TemporaryFolder folder;
  std::string file = folder.write(
      "a.iova",
      "cache_get\ninit start=16\ninit_rcaches\nalloc_fast slot=b x3\n"
      "free_fast slot=b oldest x2\nalloc slot=c\nfind slot=c at=middle\nfree slot=c at=last\nirq\nalloc_fast\n"
      "alloc unaligned size=1000 limit=1023\nalloc size=32 limit=1023\nalloc size=32\n");
  CommandResult result = tool({"kunit", "--revision", "6.12", file});
  EXPECT_EQ(result.status, 1) << result.output;
  expect_all(result.output,
             {"for (i = 0; i < 3; i++) {\n\t\tpfn = alloc_iova_fast(d0, 1, 0xffffful, true);\n",
              "\t\tr = give_back(pick(test, d0, 'b', true, true));\n"
              "\t\tfree_iova_fast(d0, r.pfn, r.pages);\n",
              "r = *pick(test, d0, 'c', false, false);\n"
              "\tKUNIT_EXPECT_NOT_NULL(test, find_iova(d0, r.pfn + (r.pages - 1) / 2));\n",
              "\tused = 0; /* suites may run more than once */\n",
              "free_iova(d0, r.pfn + r.pages - 1);", "local_irq_disable();", "#define MOST "});
}

TEST(Kunit, WhatNoneCanSayIsTold) {
  auto expect_told = [](const std::string& file, const std::string& sentence) {
    CommandResult result = tool({"kunit", "--revision", "6.12", file});
    EXPECT_EQ(result.status, 2) << result.output;
    EXPECT_NE(result.output.find(sentence), std::string::npos) << result.output;
  };
  expect_told(corpus("iova_flush_queue/ring_is_full_while_another_flush_lasts.iova"),
              "flush queues are private to dma-iommu.c");
  expect_told(corpus("iova_init_faults/cache_get_fails_after_a_put_to_zero.iova"),
              "failslab cannot fail");
  expect_told(corpus("iova_domain/plain_life_of_one_domain.iova"), "the program shows nothing");
}

}  // namespace
}  // namespace tool
