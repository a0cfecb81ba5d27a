// SPDX-License-Identifier: GPL-2.0-only
// Tests mail: its content, and its line width.
#include "tool/support/command_test.h"
#include "tool/support/words.h"

namespace tool {
namespace {

std::string mail(const std::vector<std::string>& words) {
  std::vector<std::string> command{"mail"};
  command.insert(command.end(), words.begin(), words.end());
  CommandResult result = tool(command);
  EXPECT_EQ(result.status, 1) << result.output;
  return result.output;
}

TEST(Mail, TellsAKnownIssueWithItsStoryAndATest) {
  const std::string text =
      mail({"--revision", "6.12",
            (source_folder() / "corpus/iova_init_faults/magazine_alloc_fails_in_rcache_init.iova")
                .string()});
  EXPECT_EQ(text.find("Subject: iommu/iova: rcache init frees NULL magazines"), 0u) << text;
  expect_all(text,
             {"\n    kmem_cache_free() of a NULL pointer\n    in iova_magazine_free",
              "\n    called by iova_domain_init_rcaches()\n", "It needs an allocation failure:\n",
              "It was introduced in v6.9 and is repaired upstream by fa8fb60d3637, v7.1.\n",
              "drivers/iommu/iova_slab_free_null_test.c, shows it",
              "kunit_test_suite(iova_slab_free_null_suite);"});
  // Program and code lines may be wider.
  const size_t body = text.find("\n\n");
  for (const std::string& line : lines_of(text.substr(body, text.find("The calls (") - body)))
    EXPECT_LE(line.size(), 75u) << line;
}

TEST(Mail, TellsWhatIsNewByItsRule) {
  TemporaryFolder folder;
  const std::string file =
      folder.write("a.iova", "cache_get\ninit\nalloc slot=a unaligned size=10 limit=100\n"
                             "alloc slot=b unaligned size=50 limit=100\nfree slot=a\n"
                             "alloc slot=b unaligned size=20 limit=100 x2\n"
                             "alloc unaligned size=10 limit=100\n");
  const std::string text = mail({"--revision", "6.12", "--defect", "no-second-pass", file});
  EXPECT_EQ(text.find("Subject: iommu/iova: request refused although it fits in alloc_iova()\n"),
            0u)
      << text;
  expect_all(text, {"It needs no allocation failure.\n", "->   6  alloc unaligned size=10"});
}

TEST(Mail, SaysWhyThereIsNoTest) {
  TemporaryFolder folder;
  const std::string file =
      folder.write("a.iova", "cpus 2\ncache_get\ninit\npause 4\nalloc size=3\nalloc size=3\n");
  const std::string text = mail({"--defect", "tree-unlocked-before-insertion", file});
  expect_all(text, {"No KUnit test can show it: ", "overlapping operations"});
}

// For the queue's maintainer: the right file, kernel functions, who reaches the fault, a repair.
TEST(Mail, QueueIsToldInItsOwnTerms) {
  const std::string text = mail(
      {"--revision", "6.12",
       (source_folder() / "corpus/iova_flush_queue/ring_is_full_while_another_flush_lasts.iova")
           .string()});
  EXPECT_EQ(text.find("Subject: iommu/dma: a full flush-queue ring is overrun"), 0u) << text;
  expect_all(text,
             {"256 entries in a ring that takes 255\n", "\nWho can reach it: 255 unmaps on one CPU",
              "v4.19 has it, and older releases may",
              "\nProposed repair: queue_iova() flushes until its ring has room, and",
              " alloc_iova_fast(), 512 times\n", "->   8  queue x256", " queue_iova(), 256 times\n",
              "No KUnit test can show it: flush queues are private to dma-iommu.c"});
}

// The program ends with the call at fault.
TEST(Mail, EndsWithTheCallAtFault) {
  const std::string text =
      mail({"--revision", "6.12",
            (source_folder() / "corpus/iova_init_faults/cache_get_fails_after_a_put_to_zero.iova")
                .string()});
  const size_t at = text.find("->   3  cache_get");
  ASSERT_NE(at, std::string::npos) << text;
  EXPECT_EQ(text.find("   4  ", at), std::string::npos) << text;
  expect_all(text, {"Subject: iommu/iova: ",
                    "Proposed repair: iova_cache_get() and iova_cache_put() forget",
                    "It was introduced in v6.9 and is not repaired upstream.\n"});
}

TEST(Mail, HasNothingToSayOfNothing) {
  TemporaryFolder folder;
  const std::string file = folder.write("a.iova", "cache_get\n");
  CommandResult result = tool({"mail", file});
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.output.find("the program shows nothing on port@fixed"), std::string::npos)
      << result.output;
}

}  // namespace
}  // namespace tool
