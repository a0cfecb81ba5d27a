// SPDX-License-Identifier: GPL-2.0-only
#include <fmt/core.h>

#include <algorithm>
#include <random>

#include "iova/port_variants.h"
#include "program/program.h"
#include "tool/replay/input.h"
#include "tool/replay/minimizer.h"
#include "tool/support/command_test.h"
#include "tool/variants/port.h"

namespace tool {
namespace {

// A program with `count` operations that contain the bug's operations in order.
program::Program hidden_among(size_t count, const std::vector<std::string>& bug, unsigned seed) {
  static constexpr const char* others[] = {"alloc_fast",
                                           "alloc size=3",
                                           "free_fast",
                                           "free",
                                           "find_pfn start",
                                           "tick 10",
                                           "cpu 1",
                                           "cpu 0",
                                           "alloc_fast slot=b size=4",
                                           "free_fast slot=b",
                                           "offline 1",
                                           "online 1",
                                           "find",
                                           "alloc slot=d size=20 x3"};
  std::mt19937 random(seed);
  std::string text;
  size_t taken = 0;
  for (size_t i = 0; i < count; i++) {
    bool next = taken < bug.size() && random() % (count - i) < bug.size() - taken;
    text += (next ? bug[taken++] : others[random() % std::size(others)]) + std::string("\n");
  }
  return program::parse(text);
}

Minimized minimize_on_6_12(const program::Program& program, const std::string& key,
                           MinimizeOptions options = {}) {
  return minimize(port::v6_12::variant, program, key, options);
}

TEST(Minimize, LeavesTheFourOperationsAndTheOneFaultThatMatter) {
  for (size_t count : {200, 1000}) {
    program::Program program =
        hidden_among(count, {"cache_get", "init", "fail 0xfedcba9876543210\ninit_rcaches"}, 1);
    Minimized result = minimize_on_6_12(program, bug_key);
    ASSERT_TRUE(result.is_minimal);
    EXPECT_EQ(print(result.program), "cache_get\ninit\nfail 0x4\ninit_rcaches\n");
    EXPECT_LT(result.executions, 1000u);
    EXPECT_EQ(result.key, bug_key);
    ASSERT_EQ(result.needed.size(), 1u);
    EXPECT_EQ(result.needed[0],
              "it shows only if an allocation fails: operation 3 (init_rcaches), its 3rd attempt: "
              "kmem_cache_alloc(iommu_iova_magazine) of 1024 bytes, GFP_KERNEL, in "
              "iova_magazine_alloc()");
  }
}

TEST(Minimize, LeavesOneBitOfAnyMask) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 8; i++) {
    // The first failing attempt must be a magazine's: attempts 1 and 2 are the arrays.
    uint64_t mask = (random() | 0x10) & ~uint64_t{3};
    auto program = program::parse(fmt::format("cache_get\ninit\nfail {:#x}\ninit_rcaches\n", mask));
    Minimized result = minimize_on_6_12(program, bug_key);
    EXPECT_EQ(print(result.program), "cache_get\ninit\nfail 0x4\ninit_rcaches\n") << mask;
  }
}

TEST(Minimize, DropsFaultsThatNothingNeeds) {
  auto program = program::parse(
      "cache_get\ninit\nfail 0xffffffffffffffff\nfind_pfn start\nalloc size=64 limit=30\n"
      "fail 0xf0\nalloc size=64\n");
  Minimized result = minimize_on_6_12(program, hint_key);
  EXPECT_EQ(print(result.program).find("fail"), std::string::npos) << print(result.program);
  EXPECT_EQ(result.needed[0], "no allocation has to fail");
}

TEST(Minimize, LeavesAText) {
  program::Program program = program::parse(
      "cache_get\ninit granule=1024 start=0\ninit_rcaches\nedge\nalloc_fast limit=start\n");
  Outcome outcome = run_isolated(port::v6_12::variant, program);
  ASSERT_EQ(outcome.key(), "pfn-0-lost:alloc_iova_fast:alloc_fast:none");
  Minimized result = minimize_on_6_12(program, outcome.key());
  EXPECT_EQ(program::parse(print(result.program)), result.program);
  EXPECT_EQ(print(result.program),
            "cache_get\ninit start=0\ninit_rcaches\nedge\nalloc_fast limit=start\n");
}

// A fault that is not needed leaves the key, and the finding stays the same.
TEST(Minimize, ForgetsAFaultSiteThatIsNotNeeded) {
  const iova_variant& variant = load_port("fixed", &find_defect("no-retry-after-flush"));
  auto program = program::parse(
      "cache_get\ninit\ninit_rcaches\nalloc_fast limit=16 x16\nfail 0x1\nalloc_fast limit=16\n");
  Outcome outcome = run_isolated(variant, program);
  ASSERT_EQ(outcome.key(), "flush-missing:alloc_iova_fast:alloc_fast:alloc_iova_mem");
  EXPECT_EQ(minimize(variant, program, outcome.key()).key,
            "flush-missing:alloc_iova_fast:alloc_fast:none");
}

TEST(Minimize, NamesTheOperandsThatMatterInOneLine) {
  program::Program program =
      program::parse("cache_get\ninit granule=2048\nalloc size=64 limit=30 x3\nfind\n"
                     "alloc size=64 slot=b x7\n");
  Minimized result = minimize_on_6_12(program, hint_key);
  ASSERT_TRUE(result.is_minimal);
  EXPECT_EQ(result.operands.find('\n'), std::string::npos);
  EXPECT_EQ(result.operands,
            "operands that matter: size, limit of operation 2; size of operation 3")
      << print(result.program);
}

TEST(Minimize, EndsWithTheSeedBugInSevenLinesAtMost) {
  size_t seeds_with_it = 0;
  for (const auto& seed : seeds()) {
    program::Program program = read_input(seed).program;
    if (run_isolated(port::v6_12::variant, program).key() != bug_key) continue;
    seeds_with_it++;
    Minimized result = minimize_on_6_12(program, bug_key);
    EXPECT_LE(result.program.operations.size(), 7u) << seed << "\n" << print(result.program);
  }
  EXPECT_GT(seeds_with_it, 2u);
}

TEST(Minimize, KeepsTheChosenOfTwoFindings) {
  program::Program both = program::parse(
      "cache_get\ninit\ninit domain=1\nalloc size=64 limit=30\nfail 0x10\ninit_rcaches domain=1\n"
      "alloc size=64\n");
  EXPECT_EQ(minimize_on_6_12(both, bug_key).outcome.key(), bug_key);
  MinimizeOptions past{.known = {bug_key}};
  Minimized other = minimize_on_6_12(both, hint_key, past);
  EXPECT_TRUE(other.is_minimal);
  EXPECT_EQ(other.outcome.key(), hint_key);
  EXPECT_EQ(print(other.program).find("init_rcaches"), std::string::npos) << print(other.program);
}

TEST(Minimize, KeepsWhatElseItMeets) {
  // Without its first operation, only the second finding is left.
  program::Program both = program::parse(
      "cache_get\ninit\ninit domain=1\nfail 0x10\ninit_rcaches domain=1\nalloc size=64 limit=30\n"
      "alloc size=64\n");
  Minimized result = minimize_on_6_12(both, bug_key);
  EXPECT_EQ(result.key, bug_key);
  for (const auto& [key, program] : result.also)
    EXPECT_EQ(run_isolated(port::v6_12::variant, program).key(), key);
  EXPECT_EQ(minimize_on_6_12(both, "no-such:key:at:all").is_minimal, false);
}

TEST(Minimize, ResultLosesTheFindingWithoutAnyOfItsOperations) {
  for (unsigned seed = 1; seed <= 3; seed++) {
    program::Program program =
        hidden_among(60, {"cache_get", "init", "alloc size=64 limit=30", "alloc size=64"}, seed);
    Outcome outcome = run_isolated(port::v6_12::variant, program);
    Minimized result = minimize_on_6_12(program, outcome.key());
    ASSERT_TRUE(result.is_minimal);
    for (size_t i = 0; i < result.program.operations.size(); i++) {
      program::Program without = result.program;
      without.operations.erase(without.operations.begin() + static_cast<ptrdiff_t>(i));
      EXPECT_NE(run_isolated(port::v6_12::variant, without).key(), result.key)
          << i << "\n"
          << print(result.program);
    }
  }
}

TEST(Minimize, IsDeterministicAndChangesItsResultNoMore) {
  program::Program program =
      hidden_among(100, {"cache_get", "init", "alloc size=64 limit=30", "alloc size=64"}, 5);
  std::string key = run_isolated(port::v6_12::variant, program).key();
  Minimized once = minimize_on_6_12(program, key), again = minimize_on_6_12(program, key);
  EXPECT_EQ(print(once.program), print(again.program));
  EXPECT_EQ(once.executions, again.executions);
  EXPECT_EQ(print(minimize_on_6_12(once.program, key).program), print(once.program));
}

TEST(Minimize, GoesOnFromWhereItWasStopped) {
  program::Program program =
      hidden_among(200, {"cache_get", "init", "fail 0xff0\ninit_rcaches"}, 9);
  Minimized part = minimize_on_6_12(program, bug_key, {.max_executions = 20});
  EXPECT_FALSE(part.is_minimal);
  EXPECT_LT(part.program.operations.size(), program.operations.size());
  EXPECT_EQ(run_isolated(port::v6_12::variant, part.program).key(), bug_key);
  EXPECT_EQ(print(minimize_on_6_12(part.program, bug_key).program),
            "cache_get\ninit\nfail 0x4\ninit_rcaches\n");
}

// Removing operations must not change which range a later operation uses.
TEST(Minimize, KeepsRangesWhenOthersGo) {
  const iova_variant& variant = load_port("fixed", &find_defect("range-end-excluded"));
  program::Program program =
      hidden_among(80, {"cache_get", "init", "alloc slot=k size=16", "find slot=k at=last"}, 3);
  Outcome outcome = run_isolated(variant, program);
  ASSERT_NE(outcome.key(), "");
  Minimized result = minimize(variant, program, outcome.key());
  EXPECT_TRUE(result.is_minimal);
  EXPECT_LE(result.program.operations.size(), 4u) << print(result.program);
}

// AddressSanitizer reports it in builds with sanitizers.
TEST(Minimize, TakesWhatSanitizersFind) {
  const iova_variant& variant = load_port("fixed", &find_defect("swap-forgotten"));
  const std::vector<std::string> bug{
      "cache_get", "init", "init_rcaches",
      "alloc_fast slot=m x128\nfree_fast slot=m x128\nalloc_fast slot=m x128\n"
      "free_fast slot=m x128"};
  program::Program program;
  Outcome outcome;
  // Tries seeds until no other operation hides the finding.
  for (unsigned seed = 1; outcome.key().empty() && seed < 20; seed++) {
    program = hidden_among(40, bug, seed);
    outcome = run_isolated(variant, program);
  }
  ASSERT_NE(outcome.key(), "");
  Minimized result = minimize(variant, program, outcome.key(), {.times = 1});
  EXPECT_EQ(result.outcome.key(), outcome.key());
  EXPECT_LE(result.program.operations.size(), 7u) << print(result.program);
}

TEST(MinimizeCommand, WritesTheSmallerProgramAndWhatItNeeds) {
  TemporaryFolder folder;
  std::string file = folder.write(
      "a.iova", "cache_get\ninit\nalloc\nfind\nalloc size=64 limit=30\nalloc size=64\n");
  auto result = tool_json({"minimize", "--revision", "6.12", file});
  EXPECT_EQ(result["key"], hint_key) << to_text(result);
  EXPECT_EQ(result["minimal"], true);
  EXPECT_EQ(result["out"], (folder.path() / "a.minimized.iova").string());
  std::string text = read_file(folder.path() / "a.minimized.iova");
  EXPECT_EQ(text.rfind(std::string("# ") + hint_key + "\n", 0), 0u) << text;
  EXPECT_NE(text.find("# no allocation has to fail\n"), std::string::npos) << text;
  EXPECT_EQ(tool_json({"replay", "--revision", "6.12", result["out"]})[0]["keys"],
            json({{hint_key, 1}}));
}

TEST(MinimizeCommand, RefusesWhatShowsNothing) {
  TemporaryFolder folder;
  std::string file = folder.write("a.iova", hint_bug);
  CommandResult clean = tool({"minimize", file});
  EXPECT_EQ(clean.status, 2);
  EXPECT_EQ(clean.output, "iovafuzz: " + file + ": shows no finding on port@fixed\n");
  CommandResult chosen = tool({"minimize", "--revision", "6.12", "--key", bug_key, file});
  EXPECT_EQ(chosen.status, 2);
  EXPECT_NE(chosen.output.find(std::string(": shows ") + hint_key + ", not " + bug_key),
            std::string::npos);
}

// Each suspension needs the other one, but a single suspension would do.
TEST(MinimizeCommand, LeavesNoPreemptionThatAnotherCanStandFor) {
  TemporaryFolder folder;
  const std::string file =
      folder.write("a.iova", "cache_get\ninit\npause 1\nalloc\npause 3 strand=b\nalloc\n");
  const std::string out = (folder.path() / "out.iova").string();
  const json result =
      tool_json({"minimize", "--defect", "tree-unlocked-before-insertion", "--out", out, file});
  EXPECT_EQ(result["key"], "iova-overlap:alloc_iova:alloc:none");
  const program::Program program = read_input(out).program;
  EXPECT_EQ(std::count_if(program.operations.begin(), program.operations.end(),
                          [](const auto& one) { return one.code == program::OpCode::pause; }),
            1);
}

TEST(MinimizeCommand, LeavesTheBestSoFarWhenInterruptedAndGoesOn) {
  TemporaryFolder folder;
  std::string file = (folder.path() / "long.iova").string();
  write_file(file, print(hidden_among(1000, {"cache_get", "init", "fail 0x10\ninit_rcaches"}, 2)));
  std::string out = (folder.path() / "out.iova").string();
  std::string tool_path = program_of("minimize");
  // Interrupted after the first result, while each step still takes a thousand runs.
  CommandResult interrupted = run_command(
      {"bash", "-c",
       fmt::format("'{0}' --revision 6.12 --times 1000 --out '{1}' '{2}' & pid=$!; until "
                   "[ -e '{1}' ]; do sleep 0.01; done; kill -INT $pid; wait $pid",
                   tool_path, out, file)},
      false);
  EXPECT_EQ(interrupted.status, 1) << interrupted.output;
  std::string text = read_file(out);
  EXPECT_NE(text.find("# unfinished"), std::string::npos) << text.substr(0, 500);
  EXPECT_EQ(tool_json({"replay", "--revision", "6.12", out})[0]["keys"], json({{bug_key, 1}}));
  auto result = tool_json({"minimize", "--revision", "6.12", "--out", out, file});
  EXPECT_EQ(result["minimal"], true);
  EXPECT_EQ(read_file(out).find("# unfinished"), std::string::npos);
  EXPECT_NE(read_file(out).find("cache_get\ninit\nfail 0x4\ninit_rcaches\n"), std::string::npos);
}

}  // namespace
}  // namespace tool
