// SPDX-License-Identifier: GPL-2.0-only
// Short campaigns with AFL++.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "program/program.h"
#include "tool/findings/findings.h"
#include "tool/support/command_test.h"
#include "tool/support/hash.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

TEST(AflppLong, SharesACorpusWithLibFuzzer) {
  TemporaryFolder out;
  auto summary =
      run_into(out, {"--engine", "both", "--jobs", "2", "--time", "12s", "iova_init_faults"});
  EXPECT_TRUE(summary["findings"].empty()) << to_text(summary);
  ASSERT_EQ(summary["targets"].size(), 2u) << to_text(summary);
  for (size_t i : {0, 1}) {
    const auto& row = summary["targets"][i];
    EXPECT_EQ(row["engine"], i ? "aflpp" : "libfuzzer");
    EXPECT_GT(row["executions"], 0) << to_text(row);
    EXPECT_GT(row["edges"], 0) << to_text(row);
  }
  EXPECT_EQ(summary["targets"][1]["stability"], 100.0) << to_text(summary);
  // Inputs from AFL++ have 16-digit names like those in findings; libFuzzer uses 40 digits.
  std::set<size_t> lengths;
  for (const auto& entry : fs::directory_iterator(out.path() / "corpus/iova_init_faults"))
    lengths.insert(entry.path().filename().string().size());
  EXPECT_EQ(lengths, (std::set<size_t>{16, 40}));
}

TEST(AflppLong, FindsTheNullMagazineFromAnEmptyCorpus) {
  TemporaryFolder out;
  auto summary = run_into(out, {"--engine", "aflpp", "--revision", "6.12", "--no-ledger",
                                "--no-seeds", "--time", "20s", "iova_init_faults"});
  json finding;
  for (const auto& candidate : summary["findings"])
    if (candidate["key"] == bug_key) finding = candidate;
  ASSERT_FALSE(finding.is_null()) << to_text(summary);
  EXPECT_GT(finding["executions"], 0);
  // AFL++ continued after the finding.
  EXPECT_GT(summary["targets"][0]["executions"], finding["executions"]) << to_text(summary);
}

TEST(Aflpp, GoesPastTheLedger) {
  TemporaryFolder out;
  auto summary = run_into(
      out, {"--engine", "aflpp", "--revision", "6.12", "--time", "6s", "iova_init_faults"});
  EXPECT_TRUE(summary["findings"].empty()) << to_text(summary);
  EXPECT_EQ(summary["targets"][0]["known"]["mag-free-null"], json({bug_key})) << to_text(summary);
}

std::set<std::string> files(const fs::path& folder) {
  std::set<std::string> names;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none))
    names.insert(entry.path().filename().string());
  return names;
}

// Counts a campaign's fuzzers: the campaign's folder is in their environment.
size_t processes_of(const TemporaryFolder& out) {
  size_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "environ");
    std::string environment{std::istreambuf_iterator<char>(file), {}};
    count += environment.find("IOVAFUZZ_KNOWN=" + out.path().string()) != std::string::npos;
  }
  return count;
}

TEST(AflppLong, LosesNothingWhenTheCampaignIsKilled) {
  TemporaryFolder out;
  fs::path corpus = out.path() / "corpus/iova_init_faults", findings = out.path() / "findings";
  std::set<std::string> inputs, keys;
  for (int kills = 0; kills < 3; kills++) {
    run_command({"bash", "-c",
                 fmt::format("timeout -s KILL {} '{}' --engine both --jobs 2 --revision 6.12 "
                             "--no-ledger --time 60s --seed {} --out '{}' iova_init_faults",
                             10 + 2 * kills, program_of("run"), kills, out.path().string())},
                false);
    // All of its processes end soon.
    for (int tenths = 0; tenths < 100 && processes_of(out); tenths++) usleep(100'000);
    EXPECT_EQ(processes_of(out), 0u);
    std::set<std::string> inputs_now = files(corpus), keys_now = files(findings);
    EXPECT_TRUE(std::includes(inputs_now.begin(), inputs_now.end(), inputs.begin(), inputs.end()));
    EXPECT_TRUE(std::includes(keys_now.begin(), keys_now.end(), keys.begin(), keys.end()));
    inputs = inputs_now;
    keys = keys_now;
  }
  // The next campaign collects what a killed AFL++ had found.
  fs::path left = out.path() / "aflpp/v6_12/iova_init_faults.7/out/main";
  make_folder(out.path() / "aflpp/fixed/iova_init_faults.7");  // of another variant
  auto leave = [&](const char* name, const std::string& text) {
    std::vector<uint8_t> bytes = program::encode(program::parse(text));
    std::string content(bytes.begin(), bytes.end());
    make_folder((left / name).parent_path());
    write_file(left / name, content);
    return content_hash(content);
  };
  std::string queued =
      leave("queue/id:000009,src:000001,time:7,op:havoc", "cache_get\ntick 12345\n");
  leave("crashes/id:000000,sig:06,src:000001,execs:4711", bug);
  auto summary = tool_json({"run", "--revision", "6.12", "--no-ledger", "--time", "2s", "--out",
                            out.path().string(), "iova_init_faults"});
  EXPECT_TRUE(files(corpus).contains(queued));
  EXPECT_EQ(files(out.path() / "aflpp"), std::set<std::string>{"fixed"});
  std::set<std::string> found;
  for (const auto& finding : summary["findings"]) found.insert(finding["key"]);
  EXPECT_TRUE(found.contains(bug_key)) << to_text(summary);
  EXPECT_GE(summary["total"]["runs"], 2) << to_text(summary["total"]);
  EXPECT_GT(summary["total"]["executions"], summary["targets"][0]["executions"]);
}

}  // namespace
}  // namespace tool
