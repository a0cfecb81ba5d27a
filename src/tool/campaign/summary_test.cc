// SPDX-License-Identifier: GPL-2.0-only
#include "tool/campaign/summary.h"

#include <gtest/gtest.h>

#include <sstream>

#include "fuzz/targets.h"
#include "tool/replay/known.h"
#include "tool/support/json.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

class SummaryTest : public ::testing::Test {
 protected:
  SummaryTest() {
    variant_.name = "port@6.12";
    options_.tested = {&variant_, "--revision 6.12 ", nullptr, ""};
    options_.out = "/some where/campaign";
    Progress& progress = result_.progress;
    progress.elapsed = std::chrono::seconds(30);
    progress.time = std::chrono::seconds(60);
    progress.running = false;
    for (const fuzz::Target* target : fuzz::targets) {
      TargetProgress row{.target = target, .engine = Engine::libfuzzer};
      row.ran = 10;
      row.executions = 1000;
      for (const engine::KnownFinding& known : engine::ledger())
        row.known[known.id] = {known.keys.begin(), known.keys.end()};
      progress.targets.push_back(row);
    }
  }

  void add_finding() {
    StoredFinding finding;
    finding.key = "oracle:function:operation:none";
    finding.target = "iova_tree";
    finding.inputs = 1;
    finding.replay = "/x/iovafuzz replay '/some where/program.iova'";
    result_.progress.inputs_by_key[finding.key] = 1;
    result_.findings.push_back(finding);
  }

  iova_variant variant_{};
  CampaignOptions options_;
  CampaignResult result_;
};

TEST_F(SummaryTest, FitsTheWidth) {
  auto summary = to_json(result_, options_);
  for (size_t columns : {40, 80, 200}) {
    std::istringstream lines(overview(summary, columns));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), columns) << line;
  }
}

// They are those of the command known.
TEST_F(SummaryTest, GivesKnownIssuesALineEachWithTheirRepair) {
  result_.progress.targets[0].known["mag-free-null"].insert("slab-free-null:other:init_rcaches:x");
  std::string text = overview(to_json(result_, options_), 200);
  for (const engine::KnownFinding& known : engine::ledger()) {
    std::vector<std::string> more{upstream_status(known)};
    if (known.id == "mag-free-null")
      more.push_back("it shows as slab-free-null:other:init_rcaches:x");
    EXPECT_NE(text.find("\n" + issue_lines("present", known.id, known.title, more)),
              std::string::npos)
        << text;
  }
}

// Where the issue's own check lacks a view.
TEST_F(SummaryTest, SaysWhichIssueWasMetAsAnotherFinding) {
  for (TargetProgress& row : result_.progress.targets)
    row.known = {{"hint-poisoned", {"spurious-failure:alloc_iova:alloc:none"}}};
  std::string text = overview(to_json(result_, options_), 200);
  EXPECT_NE(text.find("\nanother finding "), std::string::npos) << text;
  EXPECT_NE(text.find("shows spurious-failure:alloc_iova:alloc:none\n"), std::string::npos) << text;
}

TEST_F(SummaryTest, ListsWhatWasGonePastAsAsked) {
  EXPECT_EQ(overview(to_json(result_, options_), 200).find("--past"), std::string::npos);
  result_.progress.targets[0].past = result_.progress.targets[1].past = {"hint-wrong:f:alloc:none"};
  auto summary = to_json(result_, options_);
  EXPECT_EQ(summary["past"], json({"hint-wrong:f:alloc:none"}));
  EXPECT_NE(overview(summary, 200).find("--past:\n   hint-wrong:f:alloc:none\n"),
            std::string::npos);
}

TEST_F(SummaryTest, SaysWhatToDoNext) {
  EXPECT_NE(ending(to_json(result_, options_), "/x/iovafuzz", 80)
                .find("/x/iovafuzz run --revision 6.12 --no-ledger\n"),
            std::string::npos);
  add_finding();
  std::string text = ending(to_json(result_, options_), "/x/iovafuzz", 80);
  EXPECT_NE(text.find("next: " + result_.findings[0].replay + "\n"), std::string::npos) << text;
  EXPECT_NE(text.find("'/some where/campaign'"), std::string::npos) << text;
  EXPECT_NE(text.find("1 new finding\n"), std::string::npos) << text;
  result_.findings.clear();
  variant_.name = "port@fixed";
  EXPECT_NE(ending(to_json(result_, options_), "./iovafuzz", 80).find("--kernel debian:6.12\n"),
            std::string::npos);
}

TEST_F(SummaryTest, TellsARunningCampaignFromItsJson) {
  result_.progress.running = true;
  result_.progress.targets[1].running = true;
  result_.progress.targets[2].failed = true;
  add_finding();
  auto summary = to_json(result_, options_);
  EXPECT_EQ(summary["running"], true);
  EXPECT_EQ(summary["time_limit_seconds"], 60);
  EXPECT_EQ(summary["targets"][0]["state"], "waiting");
  EXPECT_EQ(summary["targets"][1]["state"], "running");
  EXPECT_EQ(summary["targets"][2]["state"], "failed");
  Progress progress = progress_of(summary);
  EXPECT_EQ(progress.elapsed, result_.progress.elapsed);
  EXPECT_EQ(progress.time, result_.progress.time);
  EXPECT_EQ(progress.inputs_by_key, result_.progress.inputs_by_key);
  ASSERT_EQ(progress.targets.size(), result_.progress.targets.size());
  EXPECT_TRUE(progress.targets[1].running);
  EXPECT_TRUE(progress.targets[2].failed);
  EXPECT_EQ(progress.targets[0].known, result_.progress.targets[0].known);
  EXPECT_EQ(overview(summary, 80).find("running on port@6.12"), 0u);
}

TEST(Meaning, IsThatOfTheVariant) {
  EXPECT_NE(meaning_of("port@fixed", true).expected.find("no findings"), std::string::npos);
  EXPECT_NE(meaning_of("port@6.12", true).what.find("6.12"), std::string::npos);
  EXPECT_NE(meaning_of("port@fixed+no-second-pass", true).what.find("no-second-pass"),
            std::string::npos);
  EXPECT_NE(meaning_of("kernel@debian:6.12", true).what.find("kernel"), std::string::npos);
}

}  // namespace
}  // namespace tool
