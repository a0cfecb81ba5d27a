// SPDX-License-Identifier: GPL-2.0-only
#include "tool/campaign/shared.h"

#include <gtest/gtest.h>

#include "tool/campaign/summary.h"
#include "tool/support/files.h"
#include "tool/support/json.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

class Shared : public testing::Test {
 protected:
  // Writes a summary as another machine would, where the folder is /farm.
  void tell(const std::string& name, const std::string& variant,
            const std::vector<std::string>& keys, const char* severity = "wrong-result") {
    json found = json::array();
    const std::string there = "/farm/machines/" + name;
    for (const std::string& key : keys)
      found.push_back({{"key", key},
                       {"headline", "a rule"},
                       {"severity", severity},
                       {"inputs", 2},
                       {"reproducer", there + "/findings/" + key + "/program.iova"},
                       {"replay", "./iovafuzz replay " + there + "/findings/" + key}});
    const fs::path folder = root_.path() / "machines" / name;
    make_folder(folder);
    write_file(summary_file(folder), to_text({{"variant", variant},
                                              {"folder", there},
                                              {"running", false},
                                              {"written", 0},
                                              {"seconds", 10},
                                              {"targets",
                                               {{{"executions", 100},
                                                 {"executions_per_second", 10},
                                                 {"cpu_seconds", 9},
                                                 {"state", "ended"}}}},
                                              {"findings", found}}));
  }
  TemporaryFolder root_;
};

TEST_F(Shared, OneFindingOfTwoMachinesIsOneAndItsPlaceIsTheOneHere) {
  tell("a", "port@6.12", {"x", "y"});
  tell("b", "port@6.12", {"y", "z"});
  const json all = shared_summary(root_.path());
  ASSERT_EQ(all["findings"].size(), 3u) << to_text(all);
  const json& y = all["findings"][1];
  EXPECT_EQ(y["key"], "y");
  EXPECT_EQ(y["inputs"], 4);
  EXPECT_EQ(y["machines"], (json{"a", "b"}));
  const std::string place = (root_.path() / "machines/a/findings/y").string();
  EXPECT_EQ(y["reproducer"], place + "/program.iova");
  EXPECT_EQ(y["replay"], "./iovafuzz replay " + place);
  EXPECT_NE(shared_in_words(all, 80).find("200 executions"), std::string::npos);
}

TEST_F(Shared, WorstIsFirstWhoeverFoundIt) {
  tell("a", "port@6.12", {"x"}, "lost-resource");
  tell("b", "port@6.12", {"y"}, "memory-safety");
  tell("c", "port@6.12", {"z"});
  std::string order;
  const json all = shared_summary(root_.path());
  for (const json& finding : all["findings"]) order += finding["key"].get<std::string>();
  EXPECT_EQ(order, "yzx");
}

TEST_F(Shared, OthersAreThoseOnTheSameVariant) {
  tell("a", "port@6.12", {"x"});
  tell("b", "port@6.12", {"y"});
  tell("c", "port@6.1", {"z"});
  EXPECT_EQ(keys_of_others(root_.path(), "b", "port@6.12"), std::set<std::string>{"x"});
}

TEST_F(Shared, WhatIsNoSummaryIsLeftOut) {
  tell("a", "port@6.12", {"x"});
  for (const char* text : {"", "{\"variant\": \"port@6.12\", \"fin", "[]", "{\"findings\": 1}",
                           "{\"running\": false}"}) {
    make_folder(root_.path() / "machines/b");
    write_file(summary_file(root_.path() / "machines/b"), text);
    EXPECT_EQ(shared_summary(root_.path())["machines"].size(), 1u) << text;
    EXPECT_EQ(keys_of_others(root_.path(), "c", "port@6.12"), std::set<std::string>{"x"});
  }
}

TEST_F(Shared, NamesAreTakenByOneAtATime) {
  const Membership first(root_.path()), second(root_.path());
  EXPECT_EQ(second.name(), first.name() + "-2");
  EXPECT_NE(first.seed(), second.seed());
  {
    const Membership third(root_.path());
    EXPECT_EQ(third.name(), first.name() + "-3");
  }
  EXPECT_EQ(Membership(root_.path()).name(), first.name() + "-3");
}

}  // namespace
}  // namespace tool
