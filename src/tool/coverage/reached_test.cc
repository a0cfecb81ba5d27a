// SPDX-License-Identifier: GPL-2.0-only
#include "tool/coverage/reached.h"

#include <gtest/gtest.h>

namespace tool {
namespace {

// add() is compiled twice; each copy took one side of its condition. drop() was never called.
constexpr const char source[] = "int add(int a, int b) {\n"   // 1
                                "  if (a > b) return 0;\n"    // 2
                                "  if (defect.x) a--;\n"      // 3
                                "  if (WARN_ON(a == b)) {\n"  // 4
                                "    lock();\n"               // 5
                                "    return 1;\n"             // 6
                                "  }\n"                       // 7
                                "  return a + b;\n"           // 8
                                "}\n"                         // 9
                                "int drop() {\n"              // 10
                                "  return 2;\n"               // 11
                                "}\n";                        // 12
constexpr const char lcov[] =
    "SF:/x/add.cc\nDA:1,4\nDA:2,4\nDA:3,2\nDA:4,2\nDA:5,0\nDA:6,0\nDA:7,0\nDA:8,2\nDA:9,4\n"
    "DA:10,0\nDA:11,0\nDA:12,0\nend_of_record\nSF:/x/other.cc\nDA:1,0\nend_of_record\n";

json functions(int first_taken, int second_taken) {
  auto add = [](const char* name, int taken, int not_taken) {
    return json{{"name", name},
                {"count", 2},
                {"filenames", {"/x/add.cc", "/x/macro.h"}},
                {"regions", {{1, 23, 9, 2, 2, 0, 0, 0}}},
                {"branches",
                 {{2, 7, 2, 12, taken, not_taken, 0, 0, 4},
                  {3, 7, 3, 15, 0, not_taken, 0, 0, 4},
                  {4, 7, 4, 14, 0, not_taken, 0, 0, 4},
                  {1, 1, 1, 2, 0, 1, 1, 0, 4}}}};  // inside a macro
  };
  json drop{{"name", "add.cc:_ZN1x4dropEv"},
            {"count", 0},
            {"filenames", {"/x/add.cc"}},
            {"regions", {{10, 12, 12, 2, 0, 0, 0, 0}}},
            {"branches", json::array()}};
  return {
      {"data",
       {{{"functions",
          {add("_ZN4port4v6_112_GLOBAL__N_13addEii", first_taken, 2 - first_taken),
           add("_ZN4port5v6_1212_GLOBAL__N_13addEii", second_taken, 2 - second_taken), drop}}}}}};
}

Reached measured(int first_taken = 0, int second_taken = 2) {
  return measure(
      functions(first_taken, second_taken), lcov,
      [](const std::string& file) { return file == "/x/add.cc"; },
      [](const std::string&) { return source; });
}

std::vector<std::string> gaps(const Reached& reached) {
  std::vector<std::string> texts;
  for (const Gap& gap : reached.gaps)
    texts.push_back(std::to_string(gap.line) + " " + gap.function + ": " + gap.text);
  return texts;
}

TEST(Reached, GapsAreRunsOfLinesFunctionsAndSidesOfConditions) {
  EXPECT_EQ(gaps(measured()), (std::vector<std::string>{"5 add: lock();", "10 drop: ",
                                                        "4 add: WARN_ON(a == b) is never true"}));
  EXPECT_EQ(measured().all.lines, 12u);
  EXPECT_EQ(measured().all.lines_reached, 6u);
  EXPECT_EQ(measured().all.branches, 4u);
  EXPECT_EQ(measured().all.branches_reached, 3u);
}

TEST(Reached, ASideIsReachedIfItIsInAnyOfTheCompiledFunctions) {
  auto texts = gaps(measured(0, 0));
  EXPECT_EQ(texts.size(), 4u);
  EXPECT_EQ(texts[2], "2 add: a > b is never true");
  EXPECT_EQ(gaps(measured(2, 0)).size(), 3u);
}

TEST(Reached, EveryGapNeedsAReasonAndEveryReasonAGap) {
  constexpr Excuse lock{"port", "add", "lock();", "why"}, drop{"port", "drop", "", "why"},
      warning{"port", "add", "WARN_ON(a == b) is never true", "why"};
  Judgement all = judge(measured(), std::vector{lock, drop, warning}, false);
  EXPECT_TRUE(all.unexplained.empty());
  EXPECT_TRUE(all.stale.empty());
  EXPECT_EQ(all.explained, 3u);

  Judgement one_missing = judge(measured(), std::vector{lock, drop}, false);
  ASSERT_EQ(one_missing.unexplained.size(), 1u);
  EXPECT_EQ(one_missing.unexplained[0].line, 4);

  constexpr Excuse reached{"port", "add", "a > b is never true", "why"};
  Judgement stale = judge(measured(), std::vector{lock, drop, warning, reached}, false);
  ASSERT_EQ(stale.stale.size(), 1u);
  EXPECT_STREQ(stale.stale[0].text, reached.text);
}

TEST(Reached, ATreeMayLackWhatAReasonIsAbout) {
  constexpr Excuse gone{"kernel", "add", "unlock();", "why"},
      reached{"kernel", "add", "a > b is never true", "why"},
      elsewhere{"kernel", "subtract", "lock();", "why"};
  std::vector rows{gone, reached, elsewhere};
  Judgement judgement = judge(measured(), rows, true);
  ASSERT_EQ(judgement.stale.size(), 1u);
  EXPECT_STREQ(judgement.stale[0].text, reached.text);
  EXPECT_EQ(judge(measured(), rows, false).stale.size(), 3u);
}

TEST(Reached, EveryRowHasAReason) {
  for (const Excuse& excuse : excuses()) {
    EXPECT_TRUE(std::string(excuse.of) == "port" || std::string(excuse.of) == "kernel");
    EXPECT_STRNE(excuse.reason, "") << excuse.function;
  }
}

}  // namespace
}  // namespace tool
