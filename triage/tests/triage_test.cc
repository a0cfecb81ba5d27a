// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <random>
#include <set>
#include <thread>

#include "iova/port_variants.h"
#include "program/program.h"
#include "tool/findings/crash_files.h"
#include "tool/findings/exchange.h"
#include "tool/replay/input.h"
#include "tool/replay/judge.h"
#include "tool/support/command_test.h"
#include "tool/support/words.h"

namespace tool {
namespace {

namespace fs = std::filesystem;

constexpr char partial_key[] = "reserve-partial:reserve_iova:reserve:alloc_iova_mem";

const std::string partial_bug =
    "cache_get\ninit\nreserve lo=100 size=101\nfail 0x1\nreserve lo=50 size=201\n";

std::string bytes_of(const std::string& text) {
  std::vector<uint8_t> bytes = program::encode(program::parse(text));
  return std::string(bytes.begin(), bytes.end());
}

void put(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  write_file(path, content);
}

// Output folders of each engine, with the same three findings of 6.12.
void fill(const fs::path& folder) {
  put(folder / "libfuzzer/crash-0123", bytes_of(bug));
  put(folder / "libfuzzer/crash-4567", bytes_of("cpus 4\n" + bug));
  put(folder / "libfuzzer/slow-unit-89ab", bytes_of("cache_get\n"));
  put(folder / "libfuzzer/report.html", "<!DOCTYPE html>");
  put(folder / "afl/main/fuzzer_stats", "x");
  put(folder / "afl/main/crashes/README.txt", "x");
  put(folder / "afl/main/crashes/id:000000,sig:06,src:000000,op:havoc", bytes_of(hint_bug));
  put(folder / "afl/main/queue/id:000000,orig:seed", bytes_of(bug + "put\n"));
  put(folder / "afl/second/fuzzer_stats", "x");
  put(folder / "afl/second/crashes/id:000000,sig:06", bytes_of("cpus 1\n" + hint_bug));
  put(folder / "afl/second/hangs/id:000000", bytes_of("cache_get\ninit\n"));
  put(folder / "oss-fuzz/clusterfuzz-testcase-minimized-iova_tree-5555", bytes_of(partial_bug));
  put(folder / "by-hand/why.iova", "# a comment\n" + hint_bug + "put\n");
}

json triage_on_6_12(const fs::path& folder, const fs::path& out,
                    std::vector<std::string> more = {}) {
  std::vector<std::string> words{"triage", "--revision", "6.12",
                                 "--out",  out.string(), folder.string()};
  words.insert(words.end(), more.begin(), more.end());
  return tool_json(words);
}

std::map<std::string, size_t> inputs_by_key(const json& summary) {
  std::map<std::string, size_t> counts;
  for (const auto& finding : summary["findings"]) counts[finding["key"]] = finding["inputs"];
  return counts;
}

const std::map<std::string, size_t> expected_findings{
    {bug_key, 2}, {hint_key, 3}, {partial_key, 1}};

TEST(CrashFiles, AreFoundAsEveryEngineLeavesThem) {
  TemporaryFolder folder;
  fill(folder.path());
  std::vector<std::string> complaints;
  std::set<std::string> found;
  for (const CrashFile& file : find_crash_files({folder.path().string()}, complaints)) {
    found.insert(file.path.lexically_relative(folder.path()).string());
    bool of_tree = file.path.string().find("iova_tree") != std::string::npos;
    EXPECT_EQ(file.target->name, std::string(of_tree ? "iova_tree" : "iova_domain")) << file.path;
  }
  EXPECT_EQ(found,
            (std::set<std::string>{
                "libfuzzer/crash-0123", "libfuzzer/crash-4567", "libfuzzer/slow-unit-89ab",
                "afl/main/crashes/id:000000,sig:06,src:000000,op:havoc",
                "afl/second/crashes/id:000000,sig:06", "afl/second/hangs/id:000000",
                "oss-fuzz/clusterfuzz-testcase-minimized-iova_tree-5555", "by-hand/why.iova"}));
  EXPECT_EQ(complaints, std::vector<std::string>{});
}

TEST(Triage, TellsFindingsApartAndMakesEachSmall) {
  TemporaryFolder folder, out;
  fill(folder.path());
  auto summary = triage_on_6_12(folder.path(), out.path());
  EXPECT_EQ(inputs_by_key(summary), expected_findings) << to_text(summary);
  EXPECT_EQ(summary["files"], 8);
  EXPECT_EQ(summary["showed_nothing"], 2);
  for (const auto& finding : summary["findings"]) {
    EXPECT_EQ(finding["standing"], "known");
    EXPECT_EQ(finding["blame"], "allocator");
    EXPECT_EQ(finding["shown"], 3);
    EXPECT_EQ(finding["runs"], 3);
    EXPECT_EQ(finding["minimal"], true);
    fs::path at = finding["folder"].get<std::string>();
    for (const char* name :
         {"report.txt", "report.json", "program.iova", "input.bin", "reproducer.c"})
      EXPECT_TRUE(fs::is_regular_file(at / name)) << at << " " << name;
    program::Program smallest = program::parse(read_file(at / "program.iova"));
    EXPECT_LE(smallest.operations.size(), 7u);
    auto replayed = tool_json({"replay", "--revision", "6.12", (at / "program.iova").string(),
                               (at / "input.bin").string()});
    for (const auto& row : replayed)
      EXPECT_EQ(row["keys"], json({{finding["key"], 1}})) << to_text(row);
  }
  EXPECT_TRUE(fs::is_regular_file(out.path() / "summary.txt"));
}

TEST(Triage, FindingsAreWhereALinkLeads) {
  TemporaryFolder folder, elsewhere;
  fill(folder.path());
  fs::create_directories(elsewhere.path() / "data");
  fs::create_directory_symlink(elsewhere.path() / "data", folder.path() / "link");
  auto summary = triage_on_6_12(folder.path() / "libfuzzer", folder.path() / "link/../out");
  EXPECT_FALSE(fs::exists(folder.path() / "out"));
  EXPECT_TRUE(fs::exists(elsewhere.path() / "out/findings"));
  for (const auto& finding : summary["findings"])
    EXPECT_TRUE(fs::exists(finding["reproducer"].get<std::string>())) << to_text(finding);
}

// Concurrent triages would each write a summary of their own findings only.
TEST(Triage, WaitsForAnotherOneInItsFolder) {
  TemporaryFolder folder, out;
  fill(folder.path());
  const fs::path errors = folder.path() / "errors.txt", summary = out.path() / "summary.json";
  std::string line;
  for (const std::string& word :
       command_words({"triage", "--revision", "6.12", "--minimize-executions", "0", "--out",
                      out.path().string(), (folder.path() / "libfuzzer").string()}))
    line += quoted(word) + " ";
  auto lock = std::make_unique<FileLock>(out.path() / "lock");
  std::thread other([&] {
    run_command({"bash", "-c", line + ">/dev/null 2>" + errors.string()}, false);
  });
  std::error_code none;
  while (fs::file_size(errors, none) == 0 || none) usleep(10'000);
  EXPECT_NE(read_file(errors).find("waiting for its end"), std::string::npos) << read_file(errors);
  EXPECT_FALSE(fs::exists(summary));
  lock.reset();
  other.join();
  EXPECT_EQ(parse_json(read_file(summary))["findings"].size(), 1u);
  // The lock file is not taken as an input.
  EXPECT_EQ(tool_json({"triage", "--revision", "6.12", "--out", out.path().string(),
                       out.path().string()})["complaints"],
            json::array());
}

TEST(Triage, LooksAtNothingTwiceAndAddsWhatIsNew) {
  TemporaryFolder folder, out;
  fill(folder.path());
  triage_on_6_12(folder.path(), out.path());
  auto again = triage_on_6_12(folder.path(), out.path());
  EXPECT_EQ(again["looked_at"], 0);
  EXPECT_EQ(again["new_to_folder"], 0);
  EXPECT_EQ(inputs_by_key(again), expected_findings);
  put(folder.path() / "libfuzzer/crash-cdef", bytes_of("cpus 3\n" + hint_bug));
  auto more = triage_on_6_12(folder.path(), out.path());
  EXPECT_EQ(more["looked_at"], 1);
  EXPECT_EQ(inputs_by_key(more)[hint_key], 4u);
  // The findings folder of a triage can be triaged.
  TemporaryFolder other;
  EXPECT_EQ(inputs_by_key(triage_on_6_12(out.path() / "findings", other.path())).size(), 3u);
}

TEST(Triage, RefusesAFolderOfAnotherVariant) {
  TemporaryFolder folder, out;
  fill(folder.path());
  triage_on_6_12(folder.path(), out.path());
  CommandResult result = tool({"triage", "--out", out.path().string(), folder.path().string()});
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(result.output, "iovafuzz: " + out.path().string() +
                               " belongs to a triage on port@6.12, not on port@fixed: choose "
                               "another --out\n");
}

TEST(TriageLong, LosesNothingWhenItIsKilled) {
  TemporaryFolder folder;
  fill(folder.path());
  std::mt19937 random(1);
  for (int round = 0; round < 5; round++) {
    TemporaryFolder out;
    for (int kills = 0; kills < 10; kills++) {
      // Kills triage at a random time during its run.
      std::string command =
          fmt::format("timeout -s KILL {:.3f} '{}' --revision 6.12 --out '{}' '{}'",
                      0.01 + 0.001 * static_cast<double>(random() % 400), program_of("triage"),
                      out.path().string(), folder.path().string());
      run_command({"bash", "-c", command}, false);
    }
    EXPECT_EQ(inputs_by_key(triage_on_6_12(folder.path(), out.path())), expected_findings);
  }
}

size_t count_of(const std::string& part, const std::string& text) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at++) count++;
  return count;
}

TEST(Triage, SaysWhatIsWrongWithHostileInputsAndGoesOn) {
  TemporaryFolder folder, out;
  fill(folder.path());
  fs::path hostile = folder.path() / "hostile";
  fs::create_directories(hostile);
  std::mt19937_64 random(3);
  size_t told = 0;
  for (int i = 0; i < 200; i++) {
    std::string name = fmt::format("{:03}-crash", i);
    switch (i % 10) {
      case 0:
        put(hostile / name, "");
        told++;
        break;
      case 1:
        fs::create_symlink(hostile / name, hostile / name);
        told++;
        break;
      case 2: fs::create_symlink("..", hostile / name); break;
      case 3:
        put(hostile / (name + ".iova"), "alloc size=\xff\xfe\nno operation\n");
        told++;
        break;
      case 4: put(hostile / ("\xff\x01 \n\"" + name), std::string(64, static_cast<char>(i))); break;
      case 5:
        ASSERT_EQ(mkfifo((hostile / name).c_str(), 0600), 0);
        told++;
        break;
      case 6:
        put(hostile / (name + ".iova"), std::string(1, '\0') + "cache_get");
        told++;
        break;
      case 7: {  // a sparse file of 4 GiB
        int file = open((hostile / name).c_str(), O_CREAT | O_WRONLY, 0600);
        ASSERT_EQ(ftruncate(file, off_t{1} << 32), 0);
        close(file);
        told++;
        break;
      }
      default: {
        std::string noise(random() % 300 + 1, '\0');
        for (char& c : noise) c = static_cast<char>(random());
        put(hostile / name, noise);
      }
    }
  }
  std::string path = folder.path().string();
  CommandResult result = tool({"triage", "--revision", "6.12", "--out", out.path().string(),
                               "--minimize-executions", "200", path});
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(count_of("iovafuzz: " + path, result.output), told);
  EXPECT_NE(result.output.find(bug_key), std::string::npos);
  EXPECT_NE(result.output.find(":1: "), std::string::npos);  // line number in a text

  CommandResult replayed = tool({"replay", "--quiet", "--revision", "6.12", path});
  EXPECT_EQ(replayed.status, 2);
  // Printable noise gives a note, since it may be meant as text.
  EXPECT_EQ(count_of("iovafuzz: " + path, replayed.output),
            told + count_of(": reading it as bytes\n", replayed.output));
  EXPECT_NE(replayed.output.find(bug_key), std::string::npos);
}

TEST(Standing, IsKnownNewOrBack) {
  EXPECT_EQ(standing_of(bug_key, port::v6_12::variant), Standing::is_known);
  EXPECT_EQ(standing_of(bug_key, port::v6_1::variant), Standing::came_back);
  EXPECT_EQ(standing_of(bug_key, port::fixed::variant), Standing::came_back);
  EXPECT_EQ(standing_of("slab-leak:a:b:none", port::v6_12::variant), Standing::is_new);
  iova_variant tree = port::v6_1::variant;
  tree.name = "kernel@6.1";
  tree.like = "v6_1";
  EXPECT_EQ(standing_of(bug_key, tree), Standing::came_back);
  tree.like = "v6_12";
  EXPECT_EQ(standing_of(bug_key, tree), Standing::is_known);
}

TEST(Severity, IsTheOraclesOrThatOfHowTheProcessDied) {
  Outcome outcome = run_isolated(port::v6_12::variant, program::parse(bug));
  EXPECT_EQ(severity_of(outcome), shim::Severity::memory_safety);
  outcome = run_isolated(port::v6_12::variant, program::parse(partial_bug));
  EXPECT_EQ(severity_of(outcome), shim::Severity::lost_resource);
  Outcome without_report;
  without_report.kind = Outcome::timeout;
  EXPECT_EQ(severity_of(without_report), shim::Severity::hang);
  without_report.kind = Outcome::crash;
  EXPECT_EQ(severity_of(without_report), shim::Severity::unknown);
}

// SARIF 2.1.0, sections 3.13 to 3.28: required properties and their types.
TEST(Sarif, HasWhatItsReadersNeed) {
  TemporaryFolder folder, out;
  fill(folder.path());
  triage_on_6_12(folder.path(), out.path());
  auto sarif = parse_json(read_file(out.path() / "findings.sarif"));
  EXPECT_EQ(sarif["version"], "2.1.0");
  ASSERT_EQ(sarif["runs"].size(), 1u);
  const auto& run = sarif["runs"][0];
  const auto& driver = run["tool"]["driver"];
  EXPECT_EQ(driver["name"], "iovafuzz");
  ASSERT_EQ(run["results"].size(), 3u);
  for (const auto& result : run["results"]) {
    EXPECT_TRUE(result["message"]["text"].is_string());
    EXPECT_EQ(driver["rules"][result["ruleIndex"].get<size_t>()]["id"], result["ruleId"]);
    EXPECT_TRUE((std::set<std::string>{"none", "note", "warning", "error"})
                    .contains(result["level"].get<std::string>()));
    EXPECT_TRUE((std::set<std::string>{"new", "unchanged", "updated", "absent"})
                    .contains(result["baselineState"].get<std::string>()));
    EXPECT_GE(result["occurrenceCount"], 1);
    EXPECT_TRUE(result["partialFingerprints"]["iovafuzzKey/v1"].is_string());
    ASSERT_EQ(result["locations"].size(), 1u);
    const auto& location = result["locations"][0];
    EXPECT_TRUE(location["logicalLocations"][0]["name"].is_string());
    if (location.contains("physicalLocation")) {
      const std::string uri = location["physicalLocation"]["artifactLocation"]["uri"];
      EXPECT_EQ(uri.rfind("src/iova/", 0), 0u) << uri;
      EXPECT_GE(location["physicalLocation"]["region"]["startLine"], 1);
    }
  }
}

}  // namespace
}  // namespace tool
