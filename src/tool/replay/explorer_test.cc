// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/explorer.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string>

#include "tool/replay/input.h"
#include "tool/support/build.h"
#include "tool/support/files.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

using program::OpCode;

// The result of a run regardless of order: the finding, or the sorted answers of all operations.
// Empty if an operation was skipped because its caller would have to wait.
std::string end_of(const program::Program& program, const Outcome& outcome) {
  if (outcome.kind != Outcome::clean) return outcome.key();
  std::vector<std::string> lines(outcome.known_met.begin(), outcome.known_met.end());
  for (const RecordedStep& step : outcome.steps) {
    const bool is_suspended = step.outcome.find(" is suspended on CPU ") != std::string::npos;
    if (is_suspended) continue;
    if (step.skipped) {
      if (program.operations.at(step.operation).code == OpCode::resume) continue;
      return "";
    }
    std::string name = "end", answer = step.outcome;
    if (step.operation < program.operations.size()) {
      const program::Operation* operation = &program.operations[step.operation];
      if (operation->code == OpCode::pause) continue;
      if (operation->code == OpCode::resume) {
        // "alloc (operation 5) ends: 0xfffff"
        const size_t number = answer.find("(operation ");
        if (number == std::string::npos) continue;
        operation = &program.operations[strtoul(answer.c_str() + number + 11, nullptr, 10)];
        const size_t ends = answer.find(" ends") + 1;
        answer.erase(0, ends + (answer.compare(ends, 6, "ends: ") == 0 ? 6 : 4));
      }
      // An operation that tick or offline waits for ends within it and is not reported. What put
      // reports depends on which ranges the callers have recorded by then.
      if (operation->code == OpCode::tick || operation->code == OpCode::offline ||
          operation->code == OpCode::put)
        continue;
      name = print(*operation);
    }
    lines.push_back(fmt::format("{}: {}", name, answer));
  }
  std::sort(lines.begin(), lines.end());
  std::string end;
  for (const std::string& line : lines) end += line + "\n";
  return end;
}

struct Explored {
  Exploration exploration;
  std::set<std::string> ends;
};

Explored explored(const iova_variant& variant, const program::Program& program,
                  unsigned preemptions, bool leaves_out_equal) {
  Explored seen;
  seen.exploration = explore(
      variant, program,
      {.preemptions = preemptions,
       .known = {"data-race"},
       .leaves_out_equal = leaves_out_equal,
       .goes_past_findings = true,
       .record = true,
       .on_run = [&](const Exploration&, const program::Program& run, const Outcome& outcome) {
         if (std::string end = end_of(run, outcome); !end.empty()) seen.ends.insert(std::move(end));
       }});
  EXPECT_TRUE(seen.exploration.is_complete);
  return seen;
}

// Explorations with and without equal schedules must have the same results.
void expect_same_ends(const char* variant_name, const program::Program& program,
                      unsigned preemptions, size_t least_ends) {
  SCOPED_TRACE(
      fmt::format("{} with {} preemptions:\n{}", variant_name, preemptions, print(program)));
  const iova_variant& variant = parse_variant(variant_name).variant();
  const Explored all = explored(variant, program, preemptions, false);
  const Explored some = explored(variant, program, preemptions, true);
  EXPECT_LT(some.exploration.schedules, all.exploration.schedules);
  EXPECT_GE(all.ends.size(), least_ends);
  std::vector<std::string> apart;
  std::set_symmetric_difference(all.ends.begin(), all.ends.end(), some.ends.begin(),
                                some.ends.end(), std::back_inserter(apart));
  EXPECT_EQ(apart.size(), 0u) << apart[0];
}

constexpr const char two_users[] =
    "cpus 2\ncache_get\ninit\nalloc size=3\nalloc slot=b size=3\nfree\nput\ncache_put\n";

TEST(Explorer, LeavesOutOnlyWhatIsEqual) {
  expect_same_ends("fixed", program::parse(two_users), 2, 2);
}

TEST(Explorer, LeavesOutNoFinding) {
  expect_same_ends("fixed+users-counted-unlocked",
                   program::parse("cpus 2\ncache_get\ncache_get\ncache_put\ncache_put\n"), 2, 2);
}

// The operations of a seed, without its pauses and resumes.
program::Program operations_of_seed(const std::string& name) {
  program::Program program;
  for (const program::Operation& operation :
       read_input(source_folder() / "corpus" / (name + ".iova")).program.operations)
    if (operation.code != OpCode::pause && operation.code != OpCode::resume)
      program.operations.push_back(operation);
  return program;
}

TEST(Explorer, LeavesOutOnlyWhatIsEqualInSeeds) {
  for (const char* seed : {"iova_interleave/two_reservations_of_the_same_pages",
                           "iova_interleave/caches_are_taken_by_two_at_once",
                           "iova_races/queue_is_new_to_another_cpu"})
    expect_same_ends("fixed", operations_of_seed(seed), 1, 2);
}

TEST(ExplorerLong, LeavesOutOnlyWhatIsEqualInSeeds) {
  for (const char* seed :
       {"iova_interleave/two_users_of_the_tree", "iova_races/queue_is_made_again_on_another_cpu",
        "iova_interleave/caches_are_taken_by_two_at_once",
        "iova_interleave/two_reservations_of_the_same_pages",
        "iova_interleave/caches_are_put_while_another_takes_them",
        "iova_races/queue_is_new_to_another_cpu"})
    expect_same_ends("fixed", operations_of_seed(seed), 2, 1);
  for (const char* seed : {"iova_interleave/task_moves_off_a_cpu_that_dies",
                           "iova_queue_interleave/two_tasks_meet_at_the_flag_of_the_timer",
                           "iova_queue_interleave/timer_meets_a_queueing_task_in_a_ring",
                           "iova_queue_interleave/unmapping_reaches_a_flush_late"})
    expect_same_ends("fixed", operations_of_seed(seed), 1, 1);
  expect_same_ends("fixed+tree-unlocked-before-insertion", program::parse(two_users), 2, 3);
}

}  // namespace
}  // namespace tool
