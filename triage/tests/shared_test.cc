// SPDX-License-Identifier: GPL-2.0-only
// Campaigns that share a folder, each a process of its own, as on as many machines.
#include <fmt/core.h>

#include <thread>

#include "tool/campaign/shared.h"
#include "tool/support/command_test.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

std::vector<std::string> sync_words(const TemporaryFolder& folder, const char* time) {
  return {"run",        "--sync", (folder.path() / "shared").string(),
          "--revision", "6.12",   "--no-ledger",
          "--jobs",     "1",      "--time",
          time,         "--json", "iova_init_faults"};
}

std::set<std::string> keys_of(const json& summary) {
  std::set<std::string> keys;
  for (const json& finding : summary["findings"]) keys.insert(finding["key"]);
  return keys;
}

TEST(SharedFolder, IsJoinedByACampaignThatGoesPastWhatOthersFound) {
  TemporaryFolder folder;
  const fs::path shared = folder.path() / "shared";
  const json first = tool_json(sync_words(folder, "4s"));
  const std::set<std::string> found = keys_of(first);
  EXPECT_TRUE(found.contains(bug_key)) << to_text(first);

  // The name is taken while this lives, as by a campaign that runs.
  const Membership other(shared);
  EXPECT_EQ(other.folder().string(), first["folder"].get<std::string>());
  const json second = tool_json(sync_words(folder, "2s"));
  EXPECT_NE(second["folder"], first["folder"]);
  for (const std::string& key : keys_of(second)) EXPECT_FALSE(found.contains(key)) << key;
  EXPECT_GT(second["targets"][0]["executions"], 0);
  EXPECT_FALSE(fs::is_empty(corpus_of(shared) / "iova_init_faults"));
  EXPECT_FALSE(fs::exists(other.folder() / "corpus"));

  const json all = tool_json({"status", shared.string()});
  ASSERT_EQ(all["machines"].size(), 2u) << to_text(all);
  for (const json& machine : all["machines"]) EXPECT_EQ(machine["state"], "ended");
  EXPECT_EQ(keys_of(all).size(), all["findings"].size());
  EXPECT_TRUE(keys_of(all).contains(bug_key));
  for (const json& finding : all["findings"])
    EXPECT_TRUE(fs::exists(finding["reproducer"].get<std::string>())) << to_text(finding);
}

TEST(SharedFolder, LosesNothingOfWhoIsKilledAndOfWhatTwoFindAtOnce) {
  TemporaryFolder folder;
  const fs::path shared = folder.path() / "shared";
  CommandResult killed;
  std::thread beside([&] {
    std::vector<std::string> words = command_words(sync_words(folder, "100s"));
    words.insert(words.begin(), {"timeout", "-s", "KILL", "6"});
    killed = run_command(words, false);
  });
  const json ended = tool_json(sync_words(folder, "5s"));
  beside.join();
  EXPECT_EQ(killed.status, 137) << killed.output;
  const json all = tool_json({"status", shared.string()});
  ASSERT_EQ(all["machines"].size(), 2u) << to_text(all);
  std::multiset<std::string> states;
  for (const json& machine : all["machines"]) states.insert(machine["state"].get<std::string>());
  EXPECT_EQ(states, (std::multiset<std::string>{"ended", "killed"}));
  EXPECT_TRUE(keys_of(all).contains(bug_key)) << to_text(all);
  for (const std::string& key : keys_of(ended)) EXPECT_TRUE(keys_of(all).contains(key)) << key;
  EXPECT_EQ(keys_of(all).size(), all["findings"].size());
}

TEST(SharedFolder, ThatCannotBeIsToldInASentence) {
  TemporaryFolder folder;
  const std::string file = folder.write("file", "x");
  const CommandResult no_folder = tool({"run", "--sync", file, "iova_tree"});
  EXPECT_EQ(no_folder.status, 2);
  EXPECT_NE(no_folder.output.find("file/machines"), std::string::npos) << no_folder.output;
  EXPECT_EQ(tool({"run", "--sync", "a", "--out", "b"}).status, 2);
  make_folder(folder.path() / "shared/machines/gone");
  const CommandResult silent = tool({"status", (folder.path() / "shared").string()});
  EXPECT_EQ(silent.status, 2);
  EXPECT_NE(silent.output.find("no campaign there has told anything yet"), std::string::npos);
}

}  // namespace
}  // namespace tool
