// SPDX-License-Identifier: GPL-2.0-only
// Short campaigns.
#include <fmt/core.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <set>

#include "program/program.h"
#include "tool/campaign/campaign.h"
#include "tool/support/command_test.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/words.h"
#include "tool/variants/kernel_tree.h"
#include "triage/tests/altered_trees_test.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

// Leaves a crash of an earlier campaign in the folder of a variant; "": as before variants had
// folders.
fs::path leave_crash(const TemporaryFolder& out, const std::string& name, const std::string& text,
                     const std::string& variant = "") {
  const fs::path folder = out.path() / "crashes" / variant / "iova_domain";
  make_folder(folder);
  auto bytes = program::encode(program::parse(text));
  write_file(folder / name,
             std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  return folder / name;
}

TEST(Run, FindsNothingOnFixed) {
  TemporaryFolder out;
  auto summary = run_into(out, {"--time", "10s"});  // long enough for a turn of every target
  EXPECT_TRUE(summary["findings"].empty()) << to_text(summary);
  for (const auto& row : summary["targets"]) EXPECT_GT(row["executions"], 0) << to_text(row);
}

TEST(RunLong, FindsTheNullMagazineFromAnEmptyCorpus) {
  TemporaryFolder out;
  auto summary = run_into(out, {"--revision", "6.12", "--no-ledger", "--no-seeds", "--time", "5s"});
  json finding;
  for (const auto& candidate : summary["findings"])
    if (candidate["key"] == bug_key) finding = candidate;
  ASSERT_FALSE(finding.is_null()) << to_text(summary);
  EXPECT_FALSE(finding["faults"].empty());

  auto replayed = tool_json({"replay", finding["reproducer"], "--revision", "6.12"});
  EXPECT_TRUE(replayed[0]["keys"].contains(bug_key));
  std::string report = read_file(fs::path(finding["reproducer"]).parent_path() / "report.txt");
  EXPECT_NE(report.find("broken rule: slab-free-null: kmem_cache_free() of a NULL pointer"),
            std::string::npos);
}

TEST(Run, StopsAtTheFirstFindingIfAsked) {
  TemporaryFolder out;
  auto summary = run_into(out, {"--revision", "6.12", "--no-ledger", "--no-seeds", "--first",
                                "--jobs", "1", "--time", "600s", "iova_init_faults"});
  ASSERT_EQ(summary["findings"].size(), 1u) << to_text(summary);
  const auto& finding = summary["findings"][0];
  auto replayed = tool_json({"replay", finding["reproducer"], "--revision", "6.12"});
  EXPECT_TRUE(replayed[0]["keys"].contains(finding["key"])) << to_text(replayed);
}

TEST(RunLong, FindsAPlantedDefect) {
  TemporaryFolder out;
  auto summary = run_into(
      out, {"--defect", "no-second-pass", "--no-seeds", "--first", "--time", "60s", "iova_domain"});
  EXPECT_EQ(summary["variant"], "port@fixed+no-second-pass");
  ASSERT_FALSE(summary["findings"].empty()) << to_text(summary);
  const auto& finding = summary["findings"][0];
  EXPECT_EQ(finding["key"].get<std::string>().rfind("spurious-failure:", 0), 0u)
      << to_text(finding);
  EXPECT_NE(finding["replay"].get<std::string>().find(" --defect no-second-pass "),
            std::string::npos);
}

TEST(Run, TakesInTheCrashesThatAKilledCampaignLeft) {
  for (const char* variant : {"", "v6_12"}) {
    TemporaryFolder out;
    const fs::path left = leave_crash(out, "crash-0", bug, variant);
    leave_crash(out, "kept-1-1:half-written,execs:1.partial", bug, variant);
    auto summary = run_into(
        out, {"--revision", "6.12", "--no-ledger", "--time", "1s", "--first", "iova_domain"});
    ASSERT_EQ(summary["findings"].size(), 1u);
    EXPECT_EQ(summary["findings"][0]["key"], bug_key);
    EXPECT_TRUE(fs::is_empty(left.parent_path())) << variant;
  }
}

// On another variant the input would show nothing and be lost.
TEST(Run, CrashesOfAnotherVariantWaitForIt) {
  TemporaryFolder out;
  const std::vector<fs::path> left{leave_crash(out, "crash-0", bug, "v6_12"),
                                   leave_crash(out, "timeout-0", hint_bug, "v6_12"),
                                   leave_crash(out, "crash-0", bug, "fixed+contract-only")};
  auto summary = run_into(out, {"--time", "1s", "--jobs", "1", "iova_domain"});
  EXPECT_TRUE(summary["findings"].empty()) << to_text(summary);
  EXPECT_TRUE(summary["troubles"].empty()) << to_text(summary);
  for (const fs::path& path : left) EXPECT_TRUE(fs::exists(path)) << path;
  summary = run_into(
      out, {"--revision", "6.12", "--no-ledger", "--time", "1s", "--jobs", "1", "iova_domain"});
  std::set<std::string> keys;
  for (const auto& finding : summary["findings"]) keys.insert(finding["key"]);
  EXPECT_TRUE(keys.contains(bug_key)) << to_text(summary);
  EXPECT_FALSE(fs::exists(left[0]));
  EXPECT_FALSE(fs::exists(left[1]));
  EXPECT_TRUE(fs::exists(left[2]));
}

// The campaign's --timeout applies.
TEST(Run, SlowInputOfAShortTimeoutIsAFinding) {
  TemporaryFolder out;
  // Each later search passes all earlier ranges: many seconds on any machine.
  std::string slow = "cache_get\ninit granule=4K start=1\n";
  for (int i = 0; i < 12; i++) slow += "alloc limit=dma48-1 x1024\n";
  for (int i = 0; i < 30; i++) slow += "alloc slot=b size=0x1000000000 limit=dma48-1 x1024\n";
  leave_crash(out, "timeout-0", slow, "fixed");
  auto summary = run_into(out, {"--time", "1s", "--timeout", "1s", "--first", "iova_domain"});
  ASSERT_EQ(summary["findings"].size(), 1u) << to_text(summary);
  EXPECT_EQ(summary["findings"][0]["key"], "timeout");
  const std::string replay = summary["findings"][0]["replay"];
  CommandResult shown = run_command(
      {"bash", "-c", fmt::format("cd {} && {} --json", quoted(source_folder().string()), replay)},
      false, false);
  EXPECT_EQ(try_parse_json(shown.output)[0]["keys"], json({{"timeout", 1}})) << shown.output;
}

TEST(Run, TellsOfAnInputThatWasSlowOnceWithoutAFinding) {
  TemporaryFolder out;
  leave_crash(out, "timeout-0", "cache_get\ninit\n");
  auto summary = run_into(out, {"--time", "1s", "iova_domain"});
  EXPECT_TRUE(summary["findings"].empty()) << to_text(summary);
  ASSERT_EQ(summary["troubles"].size(), 1u);
  EXPECT_EQ(summary["troubles"][0], "iova_domain: an input exceeded 25 s, but not on a rerun");
  EXPECT_TRUE(fs::is_empty(out.path() / "crashes/iova_domain"));
}

TEST(Run, GoesPastWhatItHasFoundAndFindsMore) {
  TemporaryFolder out;
  auto summary =
      run_into(out, {"--revision", "6.12", "--no-ledger", "--time", "4s", "iova_init_faults"});
  std::set<std::string> keys;
  for (const auto& finding : summary["findings"]) keys.insert(finding["key"]);
  EXPECT_TRUE(keys.count(bug_key)) << to_text(summary);
  EXPECT_GT(keys.size(), 1u);
  EXPECT_TRUE(summary["known"].empty());
}

// A finding does not end the engine's process, and later inputs with it are ignored.
TEST(RunLong, GoesOnInOneProcessWhateverItFinds) {
  TemporaryFolder out;
  std::vector<std::string> options{"--revision", "6.12",   "--no-ledger", "--jobs",
                                   "1",          "--time", "4s",          "iova_domain"};
  auto summary = run_into(out, options);
  EXPECT_GT(summary["findings"].size(), 2u) << to_text(summary);
  auto again = run_into(out, options);
  EXPECT_GE(again["findings"].size(), summary["findings"].size());
  std::string log = read_file(out.path() / "logs/iova_domain.0.log"), start = "INFO: Seed: ";
  size_t starts = 0;
  for (size_t at = 0; (at = log.find(start, at)) != std::string::npos; at++) starts++;
  EXPECT_EQ(starts, 2u);
  EXPECT_EQ(log.find("==iovafuzz== key: "), std::string::npos);
  for (const auto& finding : again["findings"]) EXPECT_TRUE(finding["minimal"]) << to_text(finding);
}

// Seeds show every known issue, so a short campaign is enough.
TEST(RunLong, FindsNothingNewWhereEverythingIsKnown) {
  TemporaryFolder out;
  std::vector<std::string> arguments{"run",    "--out", out.path().string(), "--revision", "6.12",
                                     "--time", "6s"};
  CommandResult result = tool(arguments);
  EXPECT_EQ(result.status, 0) << result.output;
  for (const char* words :
       {"port@6.12", "\n0 new findings\n", "\npresent                mag-free-null "})
    EXPECT_NE(result.output.find(words), std::string::npos) << words << "\n" << result.output;

  arguments.push_back("iova_init_faults");
  auto summary = tool_json(arguments);
  EXPECT_TRUE(summary["findings"].empty()) << to_text(summary);
  EXPECT_EQ(summary["targets"][0]["known"]["mag-free-null"], json({bug_key}));
  EXPECT_EQ(summary["known"][0]["id"], "mag-free-null");
  EXPECT_EQ(summary["known"][0]["keys"], json({bug_key}));
}

TEST(Run, CountsNoInputAsNewThatShowsKnownFindingsOnly) {
  TemporaryFolder out;
  leave_crash(out, "crash-0", bug);
  auto summary = run_into(out, {"--revision", "6.12", "--time", "1s", "iova_domain"});
  EXPECT_TRUE(summary["findings"].empty()) << to_text(summary);
  EXPECT_EQ(summary["known"][0]["id"], "mag-free-null");
  EXPECT_TRUE(fs::exists(out.path() / "known/mag-free-null/crash-0"));
}

TEST(Run, FindsWhatIsHiddenBehindAnotherFinding) {
  TemporaryFolder out;
  leave_crash(out, "crash-0", bug);
  leave_crash(out, "crash-1",
              "cache_get\ninit\nfail 0x10\ninit_rcaches\nalloc size=64 limit=50\nalloc size=64\n");
  auto summary =
      run_into(out, {"--revision", "6.12", "--no-ledger", "--time", "1s", "iova_domain"});
  ASSERT_GE(summary["findings"].size(), 2u) << to_text(summary);
  EXPECT_EQ(summary["findings"][0]["key"], bug_key);
  json hidden;  // one finding of possibly several
  for (const json& finding : summary["findings"])
    if (finding["key"] == "hint-lower-limit:alloc_iova:alloc:none") hidden = finding;
  ASSERT_FALSE(hidden.is_null()) << to_text(summary);
  // The smallest program shows only this finding, without ignoring others.
  CommandResult replayed = tool({"replay", "--revision", "6.12", "--quiet", hidden["reproducer"]});
  EXPECT_NE(replayed.output.find(hidden["key"].get<std::string>()), std::string::npos);
  EXPECT_EQ(hidden["replay"],
            launcher() + " replay --revision 6.12 " + hidden["reproducer"].get<std::string>());
}

// libFuzzer's own minimization compares findings by their DEDUP_TOKEN.
TEST(RunLong, KeepsTheFindingWhenTheEngineMinimizes) {
  TemporaryFolder folder;
  auto minimized = [&](const std::string& text) {
    std::vector<uint8_t> bytes = program::encode(program::parse(text));
    std::string input = folder.write("input", std::string(bytes.begin(), bytes.end()));
    std::string smaller = (folder.path() / "smaller").string();
    run_command(
        {"env", "IOVAFUZZ_KNOWN=/dev/null", (build_folder() / "bin/v6_12/iova_domain").string(),
         "-minimize_crash=1", "-runs=3000", "-seed=1", "-exact_artifact_path=" + smaller, input},
        false);
    return tool_json({"replay", "--revision", "6.12", smaller})[0]["keys"];
  };
  const std::string null_first =
      "cache_get\ninit\ninit domain=1\nfail 0x10\ninit_rcaches domain=1\nfind_pfn start\n"
      "alloc size=64 limit=30\nalloc size=64\ntick 10\n";
  const std::string hint_first =
      "cache_get\ninit\ninit domain=1\nalloc size=64 limit=30\nfind_pfn start\nalloc size=64\n"
      "fail 0x10\ninit_rcaches domain=1\ntick 10\n";
  EXPECT_EQ(minimized(null_first), json({{bug_key, 1}}));
  EXPECT_EQ(minimized(hint_first), json({{"hint-lower-limit:alloc_iova:alloc:none", 1}}));
}

TEST(Run, FindsTheNullMagazineInTheRealSource) {
  std::string source = read_file(find_kernel_tree("debian:6.12").folder / "drivers/iommu/iova.c");
  bool fixed = source.find("if (mag)\n\t\tkmem_cache_free(") != std::string::npos;
  TemporaryFolder out;
  auto summary = run_into(out, {"--kernel", "debian:6.12", "--no-ledger", "--no-seeds", "--time",
                                "5s", "iova_domain", "iova_init_faults"});
  size_t found = 0;
  for (const auto& finding : summary["findings"]) {
    if (finding["key"] != bug_key) continue;
    found++;
    const fs::path folder = fs::path(finding["reproducer"]).parent_path();
    EXPECT_NE(
        read_file(folder / "report.txt").find("\n <- free_iova_rcaches (drivers/iommu/iova.c:"),
        std::string::npos);
  }
  EXPECT_EQ(found, fixed ? 0u : 1u) << to_text(summary);
}

TEST(Run, GoesPastTheLedgerOnAKernelTree) {
  TemporaryFolder out;
  auto summary = run_into(out, {"--kernel", "debian:6.12", "--time", "5s"});
  EXPECT_TRUE(summary["findings"].empty()) << to_text(summary);
  EXPECT_EQ(summary["targets"].size(),
            std::size(fuzz::targets) - 2);  // without the text target and the comparing target
  EXPECT_FALSE(summary["known"].empty());
}

TEST(Run, FindsWhatAPatchChanged) {
  PatchedTree tree("debian:6.12");
  tree.replace("rcache->depot_size > num_online_cpus()", "rcache->depot_size > 1");
  TemporaryFolder out;
  auto summary = run_into(out, {"--kernel", tree.path(), "--strict", "--first", "--time", "120s",
                                "iova_port_vs_kernel"});
  ASSERT_EQ(summary["findings"].size(), 1u) << to_text(summary);
  const auto& finding = summary["findings"][0];
  EXPECT_EQ(finding["key"].get<std::string>().rfind("variants-differ:", 0), 0u);
  // The finding's command shows the difference again.
  std::string command = finding["replay"];
  EXPECT_EQ(command.rfind(launcher() + " diff --programs 0 6.12 ", 0), 0u) << command;
  auto again = tool_json({"diff", "--programs", "0", "6.12", tree.path(), finding["reproducer"]});
  EXPECT_EQ(again["key"], finding["key"]);
}

TEST(Run, ListsWhatBreaksNoPromiseAsDifferences) {
  PatchedTree tree("debian:6.12");
  tree.replace("\t\tiovad->max32_alloc_size = size;\n\t\tgoto", "\t\tgoto");
  TemporaryFolder out;
  CommandResult result = tool({"run", "--kernel", tree.path(), "--time", "5s", "--first", "--out",
                               out.path().string(), "iova_tree"});
  EXPECT_EQ(result.status, 0) << result.output;
  EXPECT_NE(result.output.find("differs from Linux 6.12 in "), std::string::npos) << result.output;
  json summary = parse_json(read_file(out.path() / "summary.json"));
  EXPECT_TRUE(summary["findings"].empty()) << to_text(summary);
  ASSERT_FALSE(summary["differences"].empty());
  const json& first = summary["differences"][0];
  EXPECT_EQ(first["key"].get<std::string>().rfind("hint-wrong:", 0), 0u) << to_text(first);
  // The given command shows it; without --strict it is no finding.
  auto replayed = tool_json({"replay", "--kernel", tree.path(), first["reproducer"]})[0];
  EXPECT_EQ(replayed["keys"], json({{"clean", 1}}));
  EXPECT_NE(first["replay"].get<std::string>().find(" --strict "), std::string::npos);
}

// Teardown frees the sentinel like any other node. That it is not owned breaks no promise.
TEST(RunLong, MismatchOfBooksIsOneDifferenceBehindTheInvalidFree) {
  WithSentinel tree("0");
  TemporaryFolder out;
  CommandResult result = tool({"run", "--kernel", tree.path(), "--time", "5s", "--out",
                               out.path().string(), "iova_domain"});
  EXPECT_EQ(result.status, 1) << result.output;
  json summary = parse_json(read_file(out.path() / "summary.json"));
  ASSERT_FALSE(summary["findings"].empty()) << result.output;
  EXPECT_EQ(summary["findings"][0]["key"], "slab-free-interior:free_iova_mem:put:none");
  EXPECT_LE(summary["findings"].size(), 10u) << result.output;
  size_t of_books = 0;
  for (const json& difference : summary["differences"])
    of_books += difference["key"] == "node-unaccounted:any:any:none";
  EXPECT_EQ(of_books, 1u) << result.output;
}

TEST(Run, FirstIsABrokenPromiseNotTheBooks) {
  WithSentinel tree("0");
  TemporaryFolder out;
  json summary = run_into(
      out, {"--kernel", tree.path(), "--first", "--jobs", "1", "--time", "120s", "iova_domain"});
  ASSERT_EQ(summary["findings"].size(), 1u) << to_text(summary);
  EXPECT_EQ(summary["findings"][0]["key"].get<std::string>().rfind("slab-", 0), 0u)
      << to_text(summary);
}

TEST(RunLong, FindsWhatAFaultInInitCostsCallers) {
  ReservesInInit tree;
  TemporaryFolder out;
  json summary =
      run_into(out, {"--kernel", tree.path(), "--no-minimize", "--time", "8s", "iova_domain"});
  std::set<std::string> keys;
  for (const auto& finding : summary["findings"]) keys.insert(finding["key"]);
  EXPECT_TRUE(keys.contains("iova-below-start:alloc_iova:alloc:none")) << to_text(summary);
}

// Ends a running campaign by a signal; look() examines the folder before.
void interrupt_campaign(int signal, const std::function<void(const fs::path&)>& look) {
  TemporaryFolder out;
  pid_t pid = fork();
  if (pid == 0) {
    std::string log = (out.path() / "log").string();
    if (!freopen(log.c_str(), "w", stdout)) _exit(126);
    execl(program_of("run").c_str(), "iovafuzz", "--time", "0", "--out", out.path().c_str(),
          "iova_domain", nullptr);
    _exit(127);
  }
  // The campaign runs once the engine writes its log.
  fs::path log = out.path() / "logs/iova_domain.0.log";
  while (!fs::exists(log) || fs::file_size(log) == 0) {
    ASSERT_EQ(waitpid(pid, nullptr, WNOHANG), 0);
    usleep(100'000);
  }
  look(out.path());
  kill(pid, signal);
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_NE(read_file(out.path() / "log").find("interrupted on port@fixed"), std::string::npos);
  auto summary = tool_json({"status", out.path().string()});
  EXPECT_EQ(summary["running"], false);
  EXPECT_EQ(summary["interrupted"], true);
  EXPECT_EQ(summary["killed"], false);
}

TEST(Run, EndsInOrderWhenInterrupted) {
  interrupt_campaign(SIGINT, [](const fs::path&) {});
}

TEST(Run, EndsInOrderWhenItsTerminalIsClosed) {
  interrupt_campaign(SIGHUP, [](const fs::path& out) {
    auto summary = tool_json({"status", out.string()});
    EXPECT_EQ(summary["running"], true);
    EXPECT_TRUE(summary["time_limit_seconds"].is_null());
    CommandResult shown = tool({"status", out.string()});
    EXPECT_EQ(shown.status, 0);
    for (const char* word : {"running", "port@fixed", "iova_domain"})
      EXPECT_NE(shown.output.find(word), std::string::npos) << shown.output;
  });
}

TEST(Status, TellsAKilledCampaignAndNone) {
  TemporaryFolder out;
  EXPECT_EQ(tool({"status", out.path().string()}).status, 2);
  // Killed after it has written its summary, however long the build took.
  run_command(
      {"bash", "-c",
       fmt::format("'{}' --time 0 --out '{}' iova_tree & for i in {{1..3000}}; do "
                   "[ ! -s '{}' ] || break; sleep 0.1; done; kill -KILL $!",
                   program_of("run"), out.path().string(), (out.path() / "summary.json").string())},
      false);
  auto summary = tool_json({"status", out.path().string()});
  EXPECT_EQ(summary["running"], false);
  EXPECT_EQ(summary["killed"], true);
}

// The binary of one target is a script that fails.
TEST(Run, GoesOnWithoutATargetThatCannotStart) {
  TemporaryFolder build, out;
  make_folder(build.path() / "bin/fixed");
  for (const char* name : {"iova_domain", "iova_domain.dict"})
    fs::create_symlink(build_folder() / "bin/fixed" / name, build.path() / "bin/fixed" / name);
  fs::path broken = build.path() / "bin/fixed/iova_tree";
  write_file(broken, "#!/bin/sh\necho its last words\nexit 3\n");
  fs::permissions(broken, fs::perms::owner_all);
  CampaignOptions options;
  options.tested = tested({});
  options.variant_folder = "fixed";
  options.builds = {{Engine::libfuzzer, build.path()}};
  options.targets = {&fuzz::iova_domain, &fuzz::iova_tree};
  options.time = std::chrono::seconds(6);
  options.out = out.path();
  auto ignore = [](const Progress&, const StoredFinding*) {};
  CampaignResult result = run_campaign(options, ignore);
  EXPECT_GT(result.progress.targets[0].executions, 0u);
  EXPECT_FALSE(result.progress.targets[0].failed);
  EXPECT_TRUE(result.progress.targets[1].failed);
  ASSERT_EQ(result.progress.troubles.size(), 1u);
  EXPECT_NE(result.progress.troubles[0].find("its last words"), std::string::npos);
  options.targets = {&fuzz::iova_tree};
  try {
    run_campaign(options, ignore);
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_NE(std::string(failure.what()).find("its last words"), std::string::npos);
  }
}

// Runs the launcher, which installs gnuplot.
TEST(BenchLong, FindsAPlantedDefectInEachConfiguration) {
  TemporaryFolder out;
  CommandResult result = run_command(
      {(source_folder() / "iovafuzz").string(), "bench", "find", "failed-init-keeps-rcaches",
       "--target", "iova_init_faults", "--seeds", "2", "--time", "30s", "--out",
       out.path().string(), "--configuration", "default", "--configuration", "no-seeds"},
      false);
  ASSERT_EQ(result.status, 0) << result.output;
  auto summary = parse_json(read_file(out.path() / "find.json"));
  const auto& row = summary["defects"][0];
  EXPECT_EQ(row["defect"], "failed-init-keeps-rcaches");
  ASSERT_EQ(row["configurations"].size(), 2u) << to_text(summary);
  for (const auto& [name, cells] : row["configurations"].items()) {
    EXPECT_EQ(cells["misses"], 0) << name << to_text(cells);
    EXPECT_GT(cells["executions"], 0) << name;
    EXPECT_GT(cells["cpu_seconds"], 0) << name;
    for (const auto& campaign : cells["campaigns"])
      EXPECT_EQ(campaign["target"], "iova_init_faults") << to_text(campaign);
  }
  EXPECT_GT(fs::file_size(out.path() / "find.svg"), 0u);
  EXPECT_EQ(summary["left"], 0);

  // Results as after an interruption before the last campaign: finished campaigns are reused,
  // unless their length differs.
  auto& campaigns = summary["defects"][0]["configurations"]["no-seeds"]["campaigns"];
  ASSERT_EQ(campaigns.size(), 2u);
  const auto last = campaigns[1];
  campaigns.erase(1);
  constexpr uint64_t told_apart = 123'456'789;
  campaigns[0]["executions"] = told_apart;
  summary["left"] = 1;
  const auto again = [&](const std::string& time) {
    write_file(out.path() / "find.json", to_text(summary));
    result = run_command(
        {(build_folder() / "commands/iovafuzz-bench-find").string(), "failed-init-keeps-rcaches",
         "--target", "iova_init_faults", "--seeds", "2", "--time", time, "--out",
         out.path().string(), "--configuration", "default", "--configuration", "no-seeds"},
        false);
    EXPECT_EQ(result.status, 0) << result.output;
    const auto now = parse_json(read_file(out.path() / "find.json"));
    EXPECT_EQ(now["left"], 0);
    return now["defects"][0]["configurations"]["no-seeds"]["campaigns"];
  };
  const auto resumed = again("30s");
  ASSERT_EQ(resumed.size(), 2u);
  EXPECT_EQ(resumed[0]["executions"], told_apart);
  EXPECT_EQ(resumed[1]["seed"], last["seed"]);
  EXPECT_EQ(resumed[1]["key"], last["key"]);
  const auto anew = again("29s");
  ASSERT_EQ(anew.size(), 2u);
  EXPECT_NE(anew[0]["executions"], told_apart);
  EXPECT_EQ(tool({"bench", "find", "no-such-defect"}).status, 2);
  EXPECT_EQ(tool({"bench", "find", "--configuration", "none"}).status, 2);
}

TEST(BenchLong, TellsTheSpeedOfAllTargets) {
  json speed = tool_json({"bench", "speed", "--time", "0.1s"});
  for (const fuzz::Target* target : standing_targets())
    if (!target->reads_text)
      EXPECT_GT(speed["targets"][target->name]["per_second"], 0) << to_text(speed);
  EXPECT_GT(speed["life"]["megabytes"], 0) << to_text(speed);
  // Only checks that values were measured.
  EXPECT_GT(speed["life_to_nothing"], 0);
  EXPECT_GT(speed["growth"], 0);
  EXPECT_EQ(speed["seconds_by_cpus"].size(), 4u);
}

// Contents of all inputs with findings, in any folder.
std::set<std::string> kept_crashes(const fs::path& out) {
  std::set<std::string> contents;
  for (const char* folder : {"crashes", "findings", "known"}) {
    std::error_code ignored;
    for (const auto& entry : fs::recursive_directory_iterator(out / folder, ignored)) {
      bool is_input =
          folder != std::string("findings") || entry.path().parent_path().filename() == "inputs";
      if (entry.is_regular_file() && is_input) contents.insert(read_file(entry.path()));
    }
  }
  return contents;
}

TEST(Run, LosesNoCrashWhenItIsKilled) {
  TemporaryFolder out;
  tool({"run", "--revision", "6.12", "--no-ledger", "--time", "4s", "--out", out.path().string(),
        "iova_init_faults", "iova_tree"});
  std::set<std::string> before = kept_crashes(out.path());
  EXPECT_FALSE(before.empty());
  for (int kills = 0; kills < 5; kills++) {
    run_command(
        {"bash", "-c",
         fmt::format("timeout -s KILL {:.1f} '{}' --revision 6.12 --no-ledger "
                     "--time 60s --seed {} --out '{}' iova_init_faults iova_tree",
                     0.4 + 0.3 * (kills % 5), program_of("run"), kills, out.path().string())},
        false);
    std::set<std::string> after = kept_crashes(out.path());
    EXPECT_TRUE(std::includes(after.begin(), after.end(), before.begin(), before.end())) << kills;
    before = after;
  }
  // The next campaign takes the remaining inputs and continues.
  auto summary = tool_json({"run", "--revision", "6.12", "--no-ledger", "--time", "2s", "--out",
                            out.path().string(), "iova_init_faults", "iova_tree"});
  EXPECT_FALSE(summary["findings"].empty());
  std::set<std::string> after = kept_crashes(out.path());
  EXPECT_TRUE(std::includes(after.begin(), after.end(), before.begin(), before.end()));
  for (const char* target : {"iova_init_faults", "iova_tree"})
    EXPECT_TRUE(fs::is_empty(out.path() / "crashes/v6_12" / target));
}

TEST(Run, GoesOnFromWhatAnEarlierRunFound) {
  TemporaryFolder out;
  leave_crash(out, "crash-0", bug);
  std::vector<std::string> on_6_12{"--revision", "6.12", "--no-ledger", "--time", "1s"};
  std::vector<std::string> arguments = on_6_12;
  arguments.insert(arguments.end(), {"--first", "iova_domain"});
  auto first = run_into(out, arguments);
  ASSERT_EQ(first["findings"].size(), 1u) << to_text(first);
  EXPECT_EQ(first["findings"][0]["earlier"], false);
  EXPECT_EQ(first["total"]["runs"], 1);
  EXPECT_EQ(parse_json(read_file(out.path() / "summary.json")), first);
  // The folder already has the finding.
  auto second = run_into(out, arguments);
  ASSERT_EQ(second["findings"].size(), 1u) << to_text(second);
  EXPECT_EQ(second["findings"][0]["key"], bug_key);
  EXPECT_EQ(second["findings"][0]["earlier"], true);
  EXPECT_EQ(second["targets"][0]["executions"], 0);
  EXPECT_EQ(second["total"]["runs"], 2);
  EXPECT_EQ(second["total"]["executions"], first["total"]["executions"]);
  // On a variant that does not show it, it is neither a finding nor ignored.
  auto fixed = run_into(out, {"--time", "1s", "iova_init_faults"});
  EXPECT_TRUE(fixed["findings"].empty()) << to_text(fixed);
  EXPECT_EQ(fixed["gone"], json({bug_key}));
  EXPECT_EQ(fixed["total"]["runs"], 1);
  // On another variant that shows it, the finding has that variant's command.
  auto planted =
      run_into(out, {"--defect", "mag-free-null", "--time", "1s", "--first", "iova_init_faults"});
  ASSERT_EQ(planted["findings"].size(), 1u) << to_text(planted);
  EXPECT_EQ(planted["findings"][0]["earlier"], true);
  EXPECT_NE(planted["findings"][0]["replay"].get<std::string>().find("--defect mag-free-null"),
            std::string::npos);
}

TEST(Run, EndsWhenTheDiskIsFull) {
  TemporaryFolder out;
  CommandResult result = tool({"run", "--time", "60s", "--keep-free", "1000000000000", "--out",
                               out.path().string(), "iova_init_faults"});
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.output.find("iovafuzz: " + out.path().string() + ": less than "),
            std::string::npos)
      << result.output;
}

TEST(Run, RefusesATargetThatItsEngineCannotRun) {
  CommandResult result = tool({"run", "--engine", "aflpp", "--time", "1s", "iova_races"});
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.output.find("iova_races: AFL++'s compiler does not report memory accesses"),
            std::string::npos)
      << result.output;
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
  for (const fuzz::Target* target : standing_targets()) {
    std::string binary =
        (build_folder() / "bin" / fuzz::binary_folder(*target, "fixed") / target->name).string();
    EXPECT_EQ(run_command({binary, empty, input}, false).status, 0) << target->name;
    CommandResult edges = run_command({binary, "-runs=4", "-seed=1337"}, false);
    EXPECT_NE(edges.output.find("Done 4 runs"), std::string::npos) << edges.output;
  }
}

// libFuzzer prints extra counters only if there are some.
TEST(Targets, AreGuidedByCostIfTheySeekIt) {
  for (const fuzz::Target* target : judging_targets()) {
    std::string binary = (build_folder() / "bin/fixed" / target->name).string();
    CommandResult result = run_command({binary, "-runs=1"}, false);
    EXPECT_EQ(result.output.find(" Extra Counters") != std::string::npos, target->seeks_cost)
        << result.output;
  }
}

TEST(Targets, TakeTheirDictionaries) {
  for (const fuzz::Target* target : standing_targets()) {
    fs::path folder = build_folder() / "bin" / fuzz::binary_folder(*target, "fixed");
    std::string name = target->name;
    CommandResult result = run_command(
        {(folder / name).string(), "-runs=1", "-dict=" + (folder / (name + ".dict")).string()},
        false);
    EXPECT_EQ(result.status, 0) << result.output;
    EXPECT_TRUE(fs::exists(folder / (name + ".options")));
  }
}

}  // namespace
}  // namespace tool
