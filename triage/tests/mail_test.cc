// SPDX-License-Identifier: GPL-2.0-only
// mail: what a mail says, and that it fits one.
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
  expect_all(
      text, {"\n    kmem_cache_free() of a NULL pointer\n    in iova_magazine_free",
             "\n    called by iova_domain_init_rcaches()\n", "It takes an allocation that fails:\n",
             "It is there since v6.9, and repaired by fa8fb60d3637, v7.1.\n",
             "drivers/iommu/iova_slab_free_null_test.c, shows it",
             "kunit_test_suite(iova_slab_free_null_suite);"});
  // Code and the program are as wide as they are.
  const size_t body = text.find("\n\n");
  for (const std::string& line : lines_of(text.substr(body, text.find("The calls,") - body)))
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
  expect_all(text, {"No allocation has to fail for it.\n", "->    6  alloc unaligned size=10"});
}

TEST(Mail, SaysWhyThereIsNoTest) {
  TemporaryFolder folder;
  const std::string file =
      folder.write("a.iova", "cpus 2\ncache_get\ninit\npause 4\nalloc size=3\nalloc size=3\n");
  const std::string text = mail({"--defect", "tree-unlocked-before-insertion", file});
  expect_all(text, {"A KUnit test cannot show it: ", "operations overlap"});
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
