// SPDX-License-Identifier: GPL-2.0-only
// Campaigns that share a folder: separate processes act as separate machines.
#include <fmt/core.h>

#include <chrono>
#include <map>
#include <set>
#include <thread>

#include "tool/campaign/shared.h"
#include "tool/corpus/corpus.h"
#include "tool/findings/findings.h"
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

  // Takes the name, as a running campaign would.
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
    // Kills it three seconds after both have written a summary.
    std::vector<std::string> words = command_words(sync_words(folder, "100s"));
    words.insert(words.begin(),
                 {"bash", "-c",
                  "\"$@\" & until [ $(ls '" + (shared / "machines").string() +
                      "'/*/summary.json | wc -l) = 2 ]; do sleep 0.1; done; sleep 3; "
                      "kill -KILL $!; wait $!",
                  "bash"});
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

std::set<Feature> covered_by(const fs::path& corpus) {
  const fuzz::Target& target = fuzz::iova_init_faults;
  const Cover cover = measure_cover(read_corpus(target, {corpus}), cover_binaries(target, {}),
                                    std::chrono::seconds(25));
  std::set<Feature> features;
  for (const InputCover& input : cover.inputs)
    features.insert(input.features.begin(), input.features.end());
  return features;
}

// Machines start, are killed and start again; the corpus is pruned, once during fuzzing; the kernel
// changes on the fifth day.
TEST(SharedFolderLong, LosesNothingInAWeekOfThreeMachines) {
  TemporaryFolder folder;
  const fs::path shared = folder.path() / "shared", corpus = corpus_of(shared) / "iova_init_faults";
  auto prune = [&] {
    const CommandResult pruned = tool({"corpus", "minimize", "--in-place", corpus.string()});
    EXPECT_EQ(pruned.status, 0) << pruned.output;
  };
  std::map<std::string, std::set<std::string>> found;  // by variant
  std::set<Feature> covered;
  for (int day = 1; day <= 7; day++) {
    std::vector<std::thread> machines;
    for (int machine = 0; machine < 3; machine++)
      machines.emplace_back([&, machine] {
        std::vector<std::string> words = command_words(
            {"run", "--sync", shared.string(), "--revision", day < 5 ? "6.12" : "7.3",
             "--no-ledger", "--jobs", "1", "--seed", std::to_string(3 * day + machine), "--time",
             "16s", "--json", "iova_init_faults"});
        if (machine == day % 3) words.insert(words.begin(), {"timeout", "-s", "KILL", "9"});
        const CommandResult ended = run_command(words, false);
        EXPECT_EQ(ended.status == 137, machine == day % 3) << ended.output;
      });
    if (day == 4) {
      std::this_thread::sleep_for(std::chrono::seconds(6));
      prune();
    }
    for (std::thread& machine : machines) machine.join();
    if (day % 2 == 0) prune();

    const json all = tool_json({"status", shared.string()});
    EXPECT_EQ(all["machines"].size(), 3u) << to_text(all);
    std::map<std::string, std::set<std::string>> found_now;
    for (const json& finding : all["findings"])
      found_now[finding["variant"]].insert(finding["key"]);
    // Findings of the old kernel stay in the machines' folders.
    for (const std::string& key : found["port@7.3"])
      EXPECT_TRUE(found_now["port@7.3"].contains(key));
    if (day < 5)
      for (const std::string& key : found["port@6.12"])
        EXPECT_TRUE(found_now["port@6.12"].contains(key)) << "day " << day << ": " << key;
    found.insert_or_assign(day < 5 ? "port@6.12" : "port@7.3",
                           found_now[day < 5 ? "port@6.12" : "port@7.3"]);
    const std::set<Feature> covered_now = covered_by(corpus);
    EXPECT_TRUE(
        std::includes(covered_now.begin(), covered_now.end(), covered.begin(), covered.end()))
        << "day " << day;
    covered = covered_now;
  }
  EXPECT_TRUE(found["port@6.12"].contains(bug_key));
  EXPECT_FALSE(found["port@7.3"].contains(bug_key));
  EXPECT_FALSE(found["port@7.3"].empty());
  std::set<std::string> kept;
  for (const auto& machine : fs::directory_iterator(shared / "machines"))
    for (const auto& [finding, variant] : stored_findings(machine.path())) {
      const std::string revision = variant.substr(variant.find('@') + 1);
      const json replayed =
          tool_json({"replay", "--revision", revision, finding.reproducer.string()});
      EXPECT_TRUE(replayed[0]["keys"].contains(finding.key)) << to_text(replayed);
      kept.insert(finding.key);
    }
  for (const auto& [variant, keys] : found)
    for (const std::string& key : keys) EXPECT_TRUE(kept.contains(key)) << variant << " " << key;
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
  EXPECT_NE(silent.output.find("no campaign has written a summary yet"), std::string::npos);
}

}  // namespace
}  // namespace tool
