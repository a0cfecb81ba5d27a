// SPDX-License-Identifier: GPL-2.0-only
// Trees that are built with different HZ and initial values of local variables.
#include "tool/support/command_test.h"
#include "tool/support/failure.h"
#include "tool/variants/clone.h"
#include "tool/variants/patched_test.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

std::string refusal(const std::string& spec) {
  try {
    parse_tree_spec(spec);
  } catch (const Failure& failure) {
    return failure.what();
  }
  return "";
}

TEST(TreeBuild, StandsBehindATree) {
  TreeSpec spec = parse_tree_spec("debian:6.12,locals=zero,hz=250");
  EXPECT_EQ(spec.where, "debian:6.12");
  EXPECT_EQ(spec.build.hz, 250u);
  EXPECT_TRUE(spec.build.zeroes_locals);
  EXPECT_EQ(spec.build.words(), ",hz=250,locals=zero");
  EXPECT_EQ(parse_tree_spec("a,b/linux,hz=100").where, "a,b/linux");
  EXPECT_EQ(parse_tree_spec("a,hz=100/linux").where, "a,hz=100/linux");
  EXPECT_EQ(parse_tree_spec("linux,locals=pattern").build.words(), "");
  EXPECT_EQ(absolute_spec("/a/../b,hz=300"), "/b,hz=300");
  // The options that are recorded with a finding choose the same tree again.
  VariantChoice choice;
  choice.kernel = "debian:6.12,hz=250";
  EXPECT_EQ(choice_of(choice.options()).kernel, choice.kernel);
}

TEST(TreeBuild, FolderMayHaveSuchAName) {
  PatchedTree tree("debian:6.12");
  TemporaryFolder folder;
  std::filesystem::path odd = folder.path() / "linux,hz=250";
  std::filesystem::copy(tree.path(), odd, std::filesystem::copy_options::recursive);
  EXPECT_EQ(find_kernel_tree(odd.string()).build.hz, 0u);
  EXPECT_EQ(find_kernel_tree(odd.string() + ",hz=100").build.hz, 100u);
}

TEST(TreeBuild, EachIsATreeOfItsOwn) {
  KernelTree plain = find_kernel_tree("debian:6.12"),
             other = find_kernel_tree("debian:6.12,hz=250");
  EXPECT_NE(plain.name, other.name);
  EXPECT_EQ(other.title, plain.title + ",hz=250");
  EXPECT_EQ(plain.folder, other.folder);
}

TEST(TreeBuild, WrongWordsAreNamed) {
  EXPECT_EQ(refusal("debian:6.12,hzz=250"),
            "debian:6.12,hzz=250: unknown build option 'hzz': did you mean 'hz'?");
  EXPECT_NE(refusal("linux,locals=zeros").find("did you mean 'zero'?"), std::string::npos);
  for (const char* number : {"0", "23", "1201", "-100", "1e3", "", "99999"})
    EXPECT_NE(refusal(std::string("linux,hz=") + number).find("from 24 to 1200"), std::string::npos)
        << number;
}

// Delays are judged in ms; with 300 Hz, for instance, a jiffy is no whole number of ms.
TEST(TreeBuild, Linux612IsCleanAtEveryHz) {
  std::vector<std::string> all{"250"};
  if (getenv("IOVAFUZZ_LONG")) all = {"24", "100", "250", "300", "1000", "1200"};
  for (const std::string& hz : all) {
    const std::string tree = "debian:6.12,hz=" + hz;
    CommandResult result = tool({"replay", "--quiet", "--past", "ledger", "--kernel", tree,
                                 (source_folder() / "corpus").string()});
    EXPECT_EQ(result.status, 0) << hz << ": " << result.output;
    json same = tool_json({"diff", "--programs", "200", "6.12", tree,
                           (source_folder() / "corpus/iova_flush_queue").string(),
                           (source_folder() / "corpus/iova_rcache").string()});
    EXPECT_EQ(same["result"], "same") << to_text(same);
  }
}

// With 1000 Hz, a jiffy is a millisecond, so the mistake has no effect.
TEST(TreeBuild, DelaysOfTheWrongUnitAreNoticedButAt1000) {
  PatchedTree tree("debian:6.12");
  tree.replace("schedule_delayed_work(&rcache->work, IOVA_DEPOT_DELAY);",
               "schedule_delayed_work(&rcache->work, msecs_to_jiffies(IOVA_DEPOT_DELAY));");
  tree.replace("jiffies + msecs_to_jiffies(cookie->options.fq_timeout)",
               "jiffies + cookie->options.fq_timeout", "drivers/iommu/dma-iommu.c");
  const std::string twice =
      (source_folder() / "corpus/iova_domain/depot_work_comes_no_earlier_than_its_period.iova")
          .string();
  TemporaryFolder folder;
  const std::string never =
      folder.write("a.iova", "cache_get\ninit\ninit_rcaches\nqueue_init\nalloc_fast\nqueue\n"
                             "tick 15\n");
  std::vector<std::string> all{"250"};
  if (getenv("IOVAFUZZ_LONG")) all = {"100", "250", "300", "500", "1000"};
  for (const std::string& hz : all) {
    auto replayed = [&](const std::string& file) -> json {
      return tool_json(
          {"replay", "--kernel", tree.path() + ",hz=" + hz, "--past", "ledger", file})[0];
    };
    const json trimmed = replayed(twice), queued = replayed(never);
    EXPECT_EQ(trimmed["differences"].empty(), hz == "1000") << hz << to_text(trimmed);
    const char* key = hz == "1000" ? "clean" : "queue-overdue:fq_flush_timeout:tick:none";
    EXPECT_EQ(queued["keys"], json({{key, 1}})) << hz;
  }
}

// An uninitialized variable that happens to work if it is zero.
TEST(TreeBuildLong, UninitializedVariableThatMattersIsFoundByBuildsOfBothKinds) {
  PatchedTree tree("debian:6.12");
  tree.replace("static bool iova_rcache_insert(struct iova_domain *iovad, unsigned long pfn,\n"
               "\t\t\t       unsigned long size)\n{\n\tunsigned int log_size = order_base_2(size);",
               "static bool iova_rcache_insert(struct iova_domain *iovad, unsigned long pfn,\n"
               "\t\t\t       unsigned long size)\n{\n\tunsigned int log_size;\n"
               "\tif (size > 1)\n\t\tlog_size = order_base_2(size);");
  json pair = tool_json({"diff", tree.path(), tree.path() + ",locals=zero", "--programs", "2000"});
  EXPECT_EQ(pair["result"], "differ") << to_text(pair);
  ASSERT_EQ(pair["notes"].size(), 1u) << to_text(pair);
  EXPECT_NE(pair["notes"][0].get<std::string>().find("'log_size' is used uninitialized"),
            std::string::npos);
  const std::string program = pair["program"];
  EXPECT_NE(program.find("free_fast"), std::string::npos) << program;
  pair = tool_json({"diff", "debian:6.12", "debian:6.12,locals=zero", "--programs", "2000",
                    (source_folder() / "corpus").string()});
  EXPECT_EQ(pair["result"], "same") << to_text(pair);
}

}  // namespace
}  // namespace tool
