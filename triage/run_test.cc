// SPDX-License-Identifier: GPL-2.0-only
// Campaigns, short ones.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/targets.h"
#include "triage/command_test.h"
#include "triage/input.h"

namespace fs = std::filesystem;

namespace triage {
namespace {

constexpr const char bug_key[] =
    "slab-free-null:iova_magazine_free:init_rcaches:iova_magazine_alloc";

nlohmann::json run(const TemporaryFolder& out, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"run", "--out", out.path().string()});
  return tool_json(arguments);
}

TEST(Run, FindsNothingOnFixed) {
  TemporaryFolder out;
  auto summary = run(out, {"--time", "5s"});
  EXPECT_TRUE(summary["findings"].empty()) << summary.dump(2);
  for (const auto& row : summary["targets"]) EXPECT_GT(row["executions"], 0) << row.dump();
}

TEST(Run, FindsTheNullMagazineFromAnEmptyCorpus) {
  TemporaryFolder out;
  auto summary = run(out, {"--revision", "6.12", "--no-ledger", "--no-seeds", "--time", "15s"});
  nlohmann::json finding;
  for (const auto& candidate : summary["findings"])
    if (candidate["key"] == bug_key) finding = candidate;
  ASSERT_FALSE(finding.is_null()) << summary.dump(2);
  EXPECT_FALSE(finding["faults"].empty());

  auto replayed = tool_json({"replay", finding["reproducer"], "--revision", "6.12"});
  EXPECT_TRUE(replayed[0]["keys"].contains(bug_key));
  std::string report = read_file(fs::path(finding["reproducer"]).parent_path() / "report.txt");
  EXPECT_NE(report.find("panic: slab-free-null: kmem_cache_free() of a NULL pointer"),
            std::string::npos);
}

TEST(Run, StopsAtTheFirstFindingIfAsked) {
  TemporaryFolder out;
  auto summary = run(out, {"--revision", "6.12", "--no-ledger", "--no-seeds", "--first", "--jobs",
                           "1", "--time", "600s", "iova_init_faults"});
  ASSERT_EQ(summary["findings"].size(), 1u) << summary.dump(2);
  const auto& finding = summary["findings"][0];
  auto replayed = tool_json({"replay", finding["reproducer"], "--revision", "6.12"});
  EXPECT_TRUE(replayed[0]["keys"].contains(finding["key"])) << replayed.dump(2);
}

TEST(Run, TakesInTheCrashesThatAKilledCampaignLeft) {
  TemporaryFolder out;
  make_folder(out.path() / "crashes/iova_domain");
  auto bytes = program::encode(program::parse("cache_get\ninit\nfail 0x10\ninit_rcaches\n"));
  write_file(out.path() / "crashes/iova_domain/crash-0",
             std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  auto summary =
      run(out, {"--revision", "6.12", "--time", "1s", "--first", "iova_domain"});
  ASSERT_EQ(summary["findings"].size(), 1u);
  EXPECT_EQ(summary["findings"][0]["key"], bug_key);
  EXPECT_TRUE(fs::is_empty(out.path() / "crashes/iova_domain"));
}

TEST(Run, GoesPastWhatItHasFoundAndFindsMore) {
  TemporaryFolder out;
  auto summary = run(out, {"--revision", "6.12", "--time", "10s", "iova_init_faults"});
  std::set<std::string> keys;
  for (const auto& finding : summary["findings"]) keys.insert(finding["key"]);
  EXPECT_TRUE(keys.count(bug_key)) << summary.dump(2);
  EXPECT_GT(keys.size(), 1u);
  EXPECT_GT(summary["targets"][0]["known"].size(), 0u);
}

TEST(Run, EndsInOrderWhenInterrupted) {
  TemporaryFolder out;
  pid_t pid = fork();
  if (pid == 0) {
    std::string log = (out.path() / "log").string();
    if (!freopen(log.c_str(), "w", stdout)) _exit(126);
    execl((build_folder() / "triage/iovafuzz-cli").c_str(), "iovafuzz", "run", "--time", "0",
          "--out", out.path().c_str(), "iova_domain", nullptr);
    _exit(127);
  }
  // It is under way once the engine writes its log.
  fs::path log = out.path() / "logs/iova_domain.0.log";
  while (!fs::exists(log) || fs::file_size(log) == 0) {
    ASSERT_EQ(waitpid(pid, nullptr, WNOHANG), 0);
    usleep(100'000);
  }
  kill(pid, SIGINT);
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_NE(read_file(out.path() / "log").find("interrupted on port@fixed"), std::string::npos);
}

TEST(Run, RefusesAnOutThatCannotBeWritten) {
  TemporaryFolder out;
  std::string file = out.write("file", "");
  CommandResult result = tool({"run", "--time", "1s", "--out", file + "/out"});
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.output.find("iovafuzz: " + file + "/out"), std::string::npos) << result.output;
}

TEST(Targets, StandTheInputsThatEnginesBeginWith) {
  TemporaryFolder folder;
  std::string empty = folder.write("empty", ""), input = folder.write("input", "input\n");
  for (const fuzz::Target* target : fuzz::targets) {
    std::string binary = (build_folder() / "bin/fixed" / target->name).string();
    EXPECT_EQ(run_command({binary, empty, input}, false).status, 0) << target->name;
    CommandResult edges = run_command({binary, "-runs=4", "-seed=1337"}, false);
    EXPECT_NE(edges.output.find("Done 4 runs"), std::string::npos) << edges.output;
  }
}

TEST(Targets, TakeTheirDictionaries) {
  for (const fuzz::Target* target : fuzz::targets) {
    fs::path folder = build_folder() / "bin/fixed";
    std::string name = target->name;
    CommandResult result = run_command(
        {(folder / name).string(), "-runs=1", "-dict=" + (folder / (name + ".dict")).string()},
        false);
    EXPECT_EQ(result.status, 0) << result.output;
    EXPECT_TRUE(fs::exists(folder / (name + ".options")));
  }
}

}  // namespace
}  // namespace triage
