// SPDX-License-Identifier: GPL-2.0-only
#include "tool/machine/calls_shown.h"

#include <gtest/gtest.h>

namespace tool {
namespace {

CallsToShow overrun(uint64_t left = 1) {
  CallsToShow calls;
  calls.list.lines =
      "iova_cache_get\ninit_iova_domain 0 1000 1\ncpu 1\nqueue_iova 0 ff 1 0\ntree 0\n"
      "put_iova_domain 0\n";
  calls.list.answers = "0\n. h1\n. q0 s1 f1\nt3 abc\n.\n";
  calls.list.found = {{"queue-overrun", 3}};
  calls.report.key = "queue-overrun:queue_iova:queue:none";
  calls.report.function = calls.report.call = "queue_iova";
  calls.left = left;
  return calls;
}

Confirmation judged(const std::string& answers, const std::string& console = "Linux version 6.12\n",
                    uint64_t left = 1) {
  return judge_answers(overrun(left), answers, console);
}

TEST(JudgeAnswers, AreTheSameUpToTheFinding) {
  const Confirmation answer = judged("0\n. h1\n. q0 s1 f1\nt3 abd\n.\nend\n");
  EXPECT_EQ(answer.verdict, Confirmation::same);
  EXPECT_NE(answer.words.find("cpu 1, queue_iova 0 ff 1 0"), std::string::npos) << answer.words;
  EXPECT_NE(answer.words.find("2 ranges more"), std::string::npos) << answer.words;
}

TEST(JudgeAnswers, LoseNothingWhereTheRightOnesKeepAsMuch) {
  EXPECT_EQ(judged("0\n. h1\n. q0 s1 f1\nt3 abd\n.\nend\n", "", 3).words.find("left in the tree"),
            std::string::npos);
}

// A repaired kernel answers differently before the finding.
TEST(JudgeAnswers, AreOthersBeforeTheFinding) {
  const Confirmation answer = judged("0\n. h1\n. q1 s1 f1\nt1 abc\n.\nend\n");
  EXPECT_EQ(answer.verdict, Confirmation::nothing);
  EXPECT_NE(answer.words.find("q1 s1 f1"), std::string::npos) << answer.words;
}

TEST(JudgeAnswers, AreOthersAndLoseRangesAllTheSame) {
  EXPECT_EQ(judged("0\n. h1\n. q1 s1 f1\nt2 abc\n.\nend\n").verdict, Confirmation::other);
}

TEST(JudgeAnswers, EndWhereTheKernelDies) {
  const std::string begin = "Linux version 6.12\nBUG: KASAN: null-ptr-deref in x\n";
  EXPECT_EQ(judged("0\n", begin + " queue_iova+0x12/0x34\n").verdict, Confirmation::same);
  // The report names the handler with file and line.
  CallsToShow of_handler = overrun();
  of_handler.report.function = "fq_flush_timeout (drivers/iommu/dma-iommu.c:210)";
  EXPECT_EQ(judge_answers(of_handler, "0\n", begin + " fq_flush_timeout+0x12/0x34\n").verdict,
            Confirmation::same);
  const Confirmation other = judged("0\n", begin + " do_exit+0x12/0x34\n");
  EXPECT_EQ(other.verdict, Confirmation::other);
  EXPECT_TRUE(other.words.starts_with("BUG: KASAN")) << other.words;
}

// The shim's run ended in the call, but Linux returned from it.
TEST(JudgeAnswers, GoOnWhereTheShimDies) {
  CallsToShow calls = overrun();
  calls.list.answers = "0\n. h1\n";
  calls.list.dies_of = "slab-free-null";
  calls.list.found = {{"slab-free-null", 3}};
  calls.report.key = "slab-free-null:queue_iova:queue:none";
  const Confirmation answer = judge_answers(calls, "0\n. h1\ndies\n. q1 s1 f1\n", "");
  EXPECT_EQ(answer.verdict, Confirmation::nothing);
  EXPECT_NE(answer.words.find("q1 s1 f1"), std::string::npos) << answer.words;
}

// closing() ends flushes, lets time pass and frees owned ranges; the rest counts as lost.
TEST(Closing, GivesBackWhatIsOwned) {
  CallList list;
  list.lines =
      "init_iova_domain 1 1000 1\nalloc_iova 1 1 ff 1\nalloc_iova_fast 1 2 ff 1\nalloc_iova_fast 1 2 "
      "ff 1\ntimer 1\ncpu 1\nqueue_iova 1 fa 2 0\nalloc_iova 1 1 ff 1\nfree_iova 1 f9\n";
  list.answers = ". a0\nff-ff a1\nfc a1\nfa a1\nlasts\n. a0\nf9-f9 a1\n. a0\n";
  const Closing end = closing(list);
  EXPECT_EQ(end.lines,
            "flush_done 0\nsleep 7d0\nfree_iova_fast 1 fc 2\nalloc_iova_fast 1 10000 0 1\ntree 1\n"
            "put_iova_domain 1\n");
  EXPECT_EQ(end.left, 2u);  // the anchor and the range from alloc_iova()
}

}  // namespace
}  // namespace tool
