// SPDX-License-Identifier: GPL-2.0-only
// Tests explore, which runs every schedule of a program.
#include "engine/oracles.h"
#include "iova/port_variants.h"
#include "tool/replay/explorer.h"
#include "tool/replay/input.h"
#include "tool/support/command_test.h"
#include "tool/support/files.h"

namespace tool {
namespace {

constexpr const char two_requests[] =
    "cpus 2\ncache_get\ninit\nalloc size=3\nalloc slot=b size=3\nput\ncache_put\n";

json explored(const std::string& program, std::vector<std::string> words = {}) {
  TemporaryFolder folder;
  words.insert(words.begin(), {"explore", folder.write("a.iova", program)});
  return tool_json(words);
}

TEST(Explore, SaysThatAllSchedulesAreClean) {
  TemporaryFolder folder;
  const std::string file = folder.write("a.iova", two_requests);
  CommandResult result = tool({"explore", file});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.output.find(file + ": all "), 0u) << result.output;
  EXPECT_NE(result.output.find(" schedules with at most 1 preemption on port@fixed"),
            std::string::npos)
      << result.output;
  const json seen = explored(two_requests, {"-k", "2"});
  EXPECT_EQ(seen["complete"], true);
  EXPECT_EQ(seen["key"], "");
  EXPECT_GT(seen["schedules"], explored(two_requests)["schedules"]);
}

TEST(Explore, FindsWhatOnlyAnOverlapShows) {
  const struct {
    const char *defect, *program, *oracle;
  } rows[] = {
      {"tree-unlocked-before-insertion", two_requests, "iova-overlap"},
      {"users-counted-unlocked", "cpus 2\ncache_get\ncache_get\ncache_put\ncache_put\n",
       "cpuhp-state-busy"},
      {"dead-cpus-told-too-early",
       "cpus 3\ncache_get\ninit\ninit_rcaches\noffline 2\nput\ncache_put\n", "lock-uninitialized"},
  };
  for (const auto& row : rows) {
    // One of the defects races without any overlap.
    const json seen = explored(row.program, {"--defect", row.defect, "--past", "data-race"});
    const std::string key = seen["key"];
    EXPECT_EQ(engine::oracle_of(key), row.oracle) << row.defect;
    // The printed schedule shows the finding without explore.
    TemporaryFolder folder;
    const std::string schedule = folder.write("schedule.iova", seen["program"].get<std::string>());
    const auto key_of = [&](const std::string& file) {
      return tool_json({"show", "--defect", row.defect, "--past", "data-race", file})["key"];
    };
    EXPECT_EQ(key_of(schedule), key);
    EXPECT_EQ(key_of(folder.write("a.iova", row.program)), "");
  }
}

// Independent calls: every schedule is equivalent to a run without overlap.
TEST(Explore, LeavesOutWhatIsEqual) {
  const json apart = explored(
      "cpus 2\ncache_get\ninit\ninit domain=1\nalloc x2\nalloc domain=1 x2\nput\nput domain=1\n");
  EXPECT_GT(apart["equal"], apart["schedules"]);
  EXPECT_EQ(apart["complete"], true);
}

// --from: operations before it are not suspended, later ones are.
TEST(Explore, BeginsWhereItIsTold) {
  const json seen = explored(two_requests, {"--defect", "tree-unlocked-before-insertion", "--past",
                                            "data-race", "--from", "3"});
  const std::string key = seen["key"];
  EXPECT_EQ(engine::oracle_of(key), "iova-overlap");
  EXPECT_LT(explored(two_requests, {"--from", "4"})["schedules"],
            explored(two_requests)["schedules"]);
  TemporaryFolder folder;
  EXPECT_EQ(tool({"explore", "--from", "8", folder.write("a.iova", two_requests)}).status, 2);
}

TEST(Explore, GoesPastWhatIsKnown) {
  const std::string program =
      "cpus 2\ncache_get\ninit\ninit_rcaches\nalloc limit=start\nalloc slot=b limit=start\n"
      "alloc size=1\nput\ncache_put\n";
  const json seen = explored(program, {"--revision", "6.12", "--past", "ledger"});
  EXPECT_EQ(seen["complete"], true);
  EXPECT_EQ(seen["known_met"].size(), 1u);
  EXPECT_EQ(explored(program, {"--revision", "6.12"})["key"], seen["known_met"][0]);
}

TEST(Explore, EndsInTime) {
  const json seen = explored("cpus 2\ncache_get\ninit\ninit_rcaches\nalloc_fast x400\n"
                             "free_fast x400\nput\ncache_put\n",
                             {"-k", "4", "--time", "0.1s"});
  EXPECT_EQ(seen["complete"], false);
}

TEST(Explore, ShortSeedsAreCleanInEverySchedule) {
  for (const char* seed : {"iova_interleave/caches_are_taken_by_two_at_once.iova",
                           "iova_interleave/two_requests_meet_in_the_tree.iova",
                           "iova_races/queue_is_new_to_another_cpu.iova"}) {
    const Input input = read_input(source_folder() / "corpus" / seed);
    program::Program program;
    for (const program::Operation& operation : input.program.operations)
      if (operation.code != program::OpCode::pause && operation.code != program::OpCode::resume)
        program.operations.push_back(operation);
    const Exploration seen = explore(port::fixed::variant, program, {.preemptions = 2});
    EXPECT_EQ(seen.outcome.key(), "") << seed;
    EXPECT_GT(seen.schedules, 20u) << seed;
  }
}

}  // namespace
}  // namespace tool
