// SPDX-License-Identifier: GPL-2.0-only
#include "tool/machine/uml.h"

#include "tool/support/command_test.h"
#include "tool/support/failure.h"
#include "tool/variants/kernel_tree.h"

namespace tool {
namespace {

KunitSuite suite() {
  KunitSuite suite;
  suite.name = "iova_slab_free_null";
  suite.report.function = "iova_magazine_free";
  suite.report.call = "iova_domain_init_rcaches";
  return suite;
}

constexpr char begin[] = "Linux version 6.12\nKTAP version 1\n1..1\n";

TEST(Confirmation, IsTheSameWhereTheKernelDiesInTheCall) {
  Confirmation answer = confirmation(
      suite(), std::string(begin) +
                   "\nModules linked in:\nKernel panic - not syncing: Kernel mode fault\n"
                   "Call Trace:\n [<6003>] ? free_iova_rcaches+0x41/0x80\n"
                   " [<6004>] iova_domain_init_rcaches+0x1f2/0x210\n");
  EXPECT_EQ(answer.verdict, Confirmation::same);
  EXPECT_TRUE(answer.words.starts_with("Kernel panic - not syncing")) << answer.words;
  EXPECT_NE(answer.words.find("free_iova_rcaches+0x41"), std::string::npos);
}

TEST(Confirmation, IsAnotherWhereItDiesElsewhere) {
  EXPECT_EQ(
      confirmation(suite(), std::string(begin) + "BUG: something\n do_exit+0x1/0x2\n").verdict,
      Confirmation::other);
}

TEST(Confirmation, IsTheSameWhereAnExpectationFails) {
  Confirmation answer = confirmation(
      suite(), std::string(begin) + "    # iova_hint: EXPECTATION FAILED at drivers/iommu/x.c:9\n"
                                    "not ok 1 iova_hint\n");
  EXPECT_EQ(answer.verdict, Confirmation::same);
}

TEST(Confirmation, IsNothingWhereAllIsWell) {
  EXPECT_EQ(confirmation(suite(), std::string(begin) + "    ok 1 iova\nok 1 iova_slab_free_null\n")
                .verdict,
            Confirmation::nothing);
}

TEST(Confirmation, IsNoAnswerWhereTheKernelSaysNothing) {
  Confirmation answer = confirmation(suite(), "no such file\n");
  EXPECT_EQ(answer.verdict, Confirmation::no_answer);
  EXPECT_EQ(answer.words, "no such file\n");
}

TEST(UmlKernel, NeedsAllOfLinux) {
  try {
    UmlKernel kernel(find_kernel_tree("debian:6.12").folder.string());
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_NE(std::string(failure.what()).find("booting needs a full Linux source tree"),
              std::string::npos)
        << failure.what();
  }
}

// Builds and boots kernels with the bug and with its repair.
TEST(UmlKernelLong, FailsAsTheShimSays) {
  auto confirmed = [](const std::string& file) {
    return tool_json({"confirm", (source_folder() / "corpus" / file).string()});
  };
  json null = confirmed("iova_init_faults/magazine_alloc_fails_in_rcache_init.iova");
  EXPECT_EQ(null["verdict"], "the same failure") << to_text(null);
  EXPECT_NE(null["words"].get<std::string>().find("iova_domain_init_rcaches+0x"),
            std::string::npos);
  json hint = confirmed("iova_tree/low_limit_failure_leaves_the_hint_alone.iova");
  EXPECT_EQ(hint["verdict"], "the same failure") << to_text(hint);
  EXPECT_NE(hint["words"].get<std::string>().find("EXPECTATION FAILED"), std::string::npos);
}

}  // namespace
}  // namespace tool
