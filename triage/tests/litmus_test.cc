// SPDX-License-Identifier: GPL-2.0-only
// Tests litmus. Expected verdicts are those of herd7 7.57 with the memory model of Linux 6.12. If
// IOVAFUZZ_MEMORY_MODEL names a tree's tools/memory-model, herd7 computes them again.
#include <cstdlib>

#include "tool/replay/input.h"
#include "tool/replay/litmus.h"
#include "tool/support/command_test.h"
#include "tool/support/files.h"
#include "tool/support/process.h"
#include "tool/variants/port.h"

namespace tool {
namespace {

std::vector<std::string> tests_of(const char* seed, const char* defect,
                                  const std::vector<size_t>& operations) {
  const Input input = read_input(source_folder() / "corpus" / seed);
  // Loads a module: the port linked into the tests does not report its accesses.
  const iova_variant& variant = load_port("fixed", defect ? &find_defect(defect) : nullptr);
  return litmus_tests("test", input.program, record_order(variant, input.program), operations);
}

// Whether any of the tests may happen; nullopt: herd7 is not available.
std::optional<bool> may_happen(const std::vector<std::string>& tests) {
  const char* model = getenv("IOVAFUZZ_MEMORY_MODEL");
  if (!model) return std::nullopt;
  bool may = false;
  for (const std::string& test : tests) {
    TemporaryFolder folder;
    const CommandResult result = run_command(
        {"env", "-C", model, "herd7", "-conf", "linux-kernel.cfg", folder.write("a.litmus", test)},
        false);
    EXPECT_NE(result.output.find("Observation"), std::string::npos) << result.output << test;
    may |= result.output.find("Sometimes") != std::string::npos ||
           result.output.find("Always") != std::string::npos;
  }
  return may;
}

constexpr const char flush[] = "iova_queue_interleave/unmapping_reaches_a_flush_late.iova";
constexpr const char published[] = "iova_races/queue_is_new_to_another_cpu.iova";

TEST(Litmus, PatternsOfTheQueueAreOrderedByTheirBarriers) {
  const struct {
    const char *seed, *defect;
    std::vector<size_t> operations;
    bool sometimes;
  } rows[] = {
      // The flush counter and the page tables; the timer's flag and the ring.
      {flush, nullptr, {9, 10}, false},
      {flush, "queue-barrier-dropped", {9, 10}, true},
      // Publication of the queue.
      {published, nullptr, {7, 9}, false},
      {published, "queue-published-without-barrier", {7, 9}, true},
      {published, "queue-barrier-dropped", {7, 9}, true},
  };
  for (const auto& row : rows) {
    const std::vector<std::string> tests = tests_of(row.seed, row.defect, row.operations);
    EXPECT_FALSE(tests.empty()) << row.seed;
    if (std::optional<bool> may = may_happen(tests)) {
      EXPECT_EQ(*may, row.sometimes) << row.seed << " " << (row.defect ? row.defect : "");
    }
  }
}

TEST(Litmus, HasWhatTheRunDid) {
  const std::vector<std::string> tests = tests_of(published, nullptr, {7, 9});
  ASSERT_FALSE(tests.empty());
  // Message passing: writes before the pointer must be visible to its reader.
  EXPECT_NE(tests[0].find("smp_wmb();\n\tWRITE_ONCE(*x0, 1);\n}"), std::string::npos) << tests[0];
  EXPECT_NE(tests[0].find("r0 = READ_ONCE(*x0);\n\tsmp_mb();"), std::string::npos) << tests[0];
  EXPECT_EQ(tests[0].find("C test-1\n"), 0u);
  const std::vector<std::string> without = tests_of(published, "queue-barrier-dropped", {7, 9});
  EXPECT_EQ(without[0].find("smp_mb()"), std::string::npos) << without[0];
}

TEST(Litmus, NeedsOperationsThatShareSomething) {
  const auto litmus = [](std::vector<std::string> words) {
    words.insert(words.begin(), "litmus");
    words.push_back((source_folder() / "corpus" / published).string());
    return tool(words);
  };
  EXPECT_EQ(litmus({"--operation", "7"}).status, 2);
  EXPECT_NE(litmus({"--operation", "7", "--operation", "700"}).output.find("no operation 700"),
            std::string::npos);
  EXPECT_NE(litmus({"--operation", "1", "--operation", "9"}).output.find("share no words"),
            std::string::npos);
}

}  // namespace
}  // namespace tool
