// SPDX-License-Identifier: GPL-2.0-only
// Every seed must be clean with any failing allocation, in any order, and in any process.
#include <fmt/core.h>
#include <sys/personality.h>

#include <algorithm>
#include <map>
#include <random>

#include "fuzz/targets.h"
#include "iova/port_variants.h"
#include "tool/corpus/seed_text.h"
#include "tool/replay/input.h"
#include "tool/replay/isolate.h"
#include "tool/support/command_test.h"
#include "tool/support/words.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

std::string seed_name(const fs::path& seed) {
  std::string name = seed.parent_path().filename().string() + "_" + seed.stem().string();
  return name;
}

class Seed : public testing::TestWithParam<fs::path> {
 protected:
  Input input_ = read_input(GetParam());
  const iova_variant& fixed_ = port::fixed::variant;
};

// This variant is not compiled to detect races; the target's regression test is.
void expect_clean(const iova_variant& variant, const std::vector<Job>& jobs) {
  run_isolated(variant, jobs, {.watch_races = false}, [&](size_t index, const Outcome& outcome) {
    std::string faults;
    for (const engine::FaultPoint& point : jobs[index].faults)
      faults += fmt::format(" attempt {} of operation {}", point.attempt, point.operation);
    EXPECT_EQ(outcome.key(), "") << "with" << faults;
  });
}

TEST_P(Seed, IsCleanOnFixed) { EXPECT_EQ(run_isolated(fixed_, input_.program).key(), ""); }

// With many allocations, samples up to 100 of them; long tests try all.
TEST_P(Seed, IsCleanWhicheverAllocationFails) {
  const Outcome base = run_isolated(fixed_, input_.program);
  const size_t all = base.fault_points().size(), most = getenv("IOVAFUZZ_LONG") ? all : 100;
  const size_t step = std::max<size_t>(1, (all + most - 1) / std::max<size_t>(1, most));
  expect_clean(fixed_, base.fault_jobs(input_.program, step));
}

TEST_P(Seed, IsCleanWhicheverTwoAllocationsFailIfItMakesFew) {
  auto all = run_isolated(fixed_, input_.program).fault_points();
  const size_t few = getenv("IOVAFUZZ_LONG") ? 60 : 25;
  if (all.size() > few) return;
  std::vector<Job> jobs;
  for (size_t i = 0; i < all.size(); i++)
    for (size_t j = i + 1; j < all.size(); j++) jobs.push_back({&input_.program, {all[i], all[j]}});
  expect_clean(fixed_, jobs);
}

TEST_P(Seed, BeginsWithItsStory) {
  EXPECT_EQ(input_.content.rfind("# SPDX-License-Identifier: GPL-2.0-only\n# ", 0), 0u);
}

// Detects a seed that no longer reaches its subject, such as a moved scheduling point.
TEST_P(Seed, SkipsNothingUnlessItsStorySaysSo) {
  if (input_.content.find("skipped") != std::string::npos) return;
  for (const RecordedStep& step : Recorder().run(fixed_, input_.program).steps)
    EXPECT_FALSE(step.skipped) << "operation " << step.operation << ": " << step.outcome;
}

TEST_P(Seed, TellsWhereItsPausesSuspend) {
  std::vector<std::string> told;
  for (const std::string& line : lines_of(input_.content))
    if (line.starts_with("pause"))
      told.push_back(line.substr(std::min(line.size(), line.find("  # "))));
  std::vector<std::string> true_places;
  for (const std::string& place :
       places_of_pauses(input_.program, Recorder().run(fixed_, input_.program)))
    true_places.push_back("  # " + place);
  EXPECT_EQ(told, true_places);
}

TEST_P(Seed, UsesOnlyWhatItsTargetIsFor) {
  std::string target_name = GetParam().parent_path().filename().string();
  for (const fuzz::Target* target : fuzz::targets) {
    if (target_name != target->name) continue;
    for (const program::Operation& operation : input_.program.operations)
      EXPECT_NE(std::find(target->operations.begin(), target->operations.end(), operation.code),
                target->operations.end())
          << print(operation);
    EXPECT_LE(program::encode(input_.program).size(), target->max_len);
    return;
  }
  ADD_FAILURE() << "there is no target " << target_name;
}

INSTANTIATE_TEST_SUITE_P(Corpus, Seed, testing::ValuesIn(seeds()),
                         [](const auto& info) { return seed_name(info.param); });

using Traces = std::map<std::string, std::string>;  // by file

Traces replay(const std::vector<std::string>& files, int times) {
  std::vector<std::string> arguments{"replay", "--times", std::to_string(times)};
  arguments.insert(arguments.end(), files.begin(), files.end());
  Traces traces;
  for (const auto& row : tool_json(arguments))
    // "different traces" if the runs differ.
    traces[row["file"]] = row.value("trace", "different traces");
  return traces;
}

std::vector<std::string> shuffled(std::vector<std::string> files, unsigned seed) {
  std::mt19937 random(seed);
  std::shuffle(files.begin(), files.end(), random);
  return files;
}

TEST(Determinism, TracesAreEqualInAnyOrderAndProcessAndAddressLayout) {
  std::vector<std::string> files;
  for (const fs::path& seed : seeds()) files.push_back(seed.string());
  Traces expected = replay(files, 4);
  ASSERT_EQ(expected.size(), files.size());
  for (const auto& [file, trace] : expected) EXPECT_EQ(trace.size(), 16u) << file;
  EXPECT_EQ(replay(shuffled(files, 1), 1), expected);
  EXPECT_EQ(replay(shuffled(files, 2), 4), expected);

  Traces one_by_one;
  for (const std::string& file : files) one_by_one.merge(replay({file}, 1));
  EXPECT_EQ(one_by_one, expected);

  int before = personality(0xffffffff);
  ASSERT_GE(personality(static_cast<unsigned>(before) | ADDR_NO_RANDOMIZE), 0);
  EXPECT_EQ(replay(shuffled(files, 3), 4), expected);
  personality(static_cast<unsigned>(before));
}

}  // namespace
}  // namespace tool
