// SPDX-License-Identifier: GPL-2.0-only
// Keys identify findings: many inputs that meet a defect give one key, which no other defect here
// has.
#include <algorithm>
#include <cstdlib>
#include <map>

#include "program/mutation.h"
#include "tool/replay/input.h"
#include "tool/replay/minimizer.h"
#include "tool/support/command_test.h"
#include "tool/variants/port.h"

namespace tool {
namespace {

// Defects that show under a single key. Others show under several: a wrong size as a range that is
// too large or vanishes; a hint that was not reset and one that was set too low are alike.
struct Identified {
  const char* defect;
  const char* seed;
  const char* key;
};

constexpr Identified identities[] = {
    {"mag-free-null", "iova_init_faults/magazine_alloc_fails_in_rcache_init.iova",
     "slab-free-null:iova_magazine_free:init_rcaches:iova_magazine_alloc"},
    {"rcache-init-ignored", "iova_init_faults/magazine_alloc_fails_in_rcache_init.iova",
     "fault-not-reported:iova_domain_init_rcaches:init_rcaches:iova_magazine_alloc"},
    {"no-second-pass", "iova_tree/second_pass_finds_the_hole_above_the_cached_node.iova",
     "spurious-failure:alloc_iova:alloc:none"},
    {"max32-not-reset", "iova_tree/hint_is_reset_by_a_free_below_the_cached32_node.iova",
     "hint-wrong:free_iova:free:none"},
    {"reservation-merges-across-gap", "iova_tree/reservations_leave_the_page_between_them.iova",
     "node-unaccounted:any:any:none"},
    {"dma32-ignores-granule", "iova_domain/domain_is_initialized_again_with_another_granule.iova",
     "hint-wrong:init_iova_domain:init:none"},
    {"pop-ignores-limit", "iova_rcache/limit_misses_every_entry_of_the_magazine.iova",
     "iova-above-limit:iova_rcache_get:alloc_fast:none"},
    {"pop-leaves-hole", "iova_rcache/limit_picks_an_entry_from_inside_the_magazine.iova",
     "magazine-stray:alloc_iova_fast:alloc_fast:none"},
    {"flush-skips-other-cpus", "iova_rcache/flush_reaches_the_magazines_of_other_cpus.iova",
     "flush-incomplete:alloc_iova_fast:alloc_fast:none"},
    {"no-retry-after-flush", "iova_rcache/flush_reaches_the_magazines_of_other_cpus.iova",
     "flush-missing:alloc_iova_fast:alloc_fast:none"},
    {"depot-trimmed-too-far", "iova_rcache/depot_is_measured_by_online_cpus.iova",
     "rcache-contents:iova_depot_work_func:tick:none"},
    {"work-not-cancelled", "iova_domain/put_with_everything_pending.iova",
     "work-freed-pending:free_iova_rcaches:put:none"},
    {"dead-cpu-keeps-prev", "iova_rcache/dead_cpu_returns_loaded_and_prev.iova",
     "rcache-contents:iova_cpuhp_dead:offline:none"},
    {"hotplug-instance-left", "iova_domain/plain_life_of_one_domain.iova",
     "cpuhp-freed-instance:put_iova_domain:put:none"},
    {"failed-get-keeps-mutex", "iova_init_faults/cache_get_fails_after_a_put_to_zero.iova",
     "lock-held-at-end:iova_cache_get:cache_get:iova_cache_get"},
    {"gfp-kernel-under-lock", "iova_domain/plain_life_of_one_domain.iova",
     "sleep-in-atomic:iova_magazine_alloc:free_fast:none"},
    {"rcache-locked-with-irqs-on", "iova_flush_queue/each_cpu_has_its_ring.iova",
     "lock-irq-unsafe:__iova_rcache_insert:free_fast:none"},
    {"failed-init-keeps-rcaches", "iova_init_faults/first_percpu_alloc_fails.iova",
     "failure-left-traces:iova_domain_init_rcaches:init_rcaches:iova_domain_init_rcaches"},
    {"queue-skips-offline-rings", "iova_flush_queue/ring_of_an_offline_cpu_is_released.iova",
     "queue-overdue:fq_flush_timeout:tick:none"},
    {"queue-leaks-pages-at-teardown", "iova_flush_queue/single_ring_is_put_with_queued_ranges.iova",
     "page-leak:queue_iova:end:none"},
    {"queue-timer-not-waited-for", "iova_flush_queue/domain_is_put_while_its_timer_runs.iova",
     "timer-freed-running:put_iova_domain:put:none"},
};

void PrintTo(const Identified& row, std::ostream* out) { *out << row.defect; }

class Identity : public testing::TestWithParam<Identified> {
 protected:
  static void SetUpTestSuite() {
    std::vector<const port::DefectInfo*> all;
    for (const Identified& row : identities) all.push_back(&find_defect(row.defect));
    build_defects("fixed", all);
  }
};

// All operations but pause: in overlapping calls a defect shows under many keys.
std::vector<program::OpCode> one_after_another() {
  std::vector<program::OpCode> codes;
  for (program::OpCode code : program::all_operations)
    if (code != program::OpCode::pause) codes.push_back(code);
  return codes;
}

// The first `enough` mutants of the seed that show something, each with its key.
std::vector<std::pair<program::Program, std::string>> crashing_mutants(const iova_variant& variant,
                                                                       const program::Program& seed,
                                                                       size_t enough) {
  constexpr uint64_t most = 5000, at_a_time = 25;
  const std::vector<program::OpCode> codes = one_after_another();
  std::vector<std::pair<program::Program, std::string>> crashing;
  for (uint64_t number = 0; number < most && crashing.size() < enough;) {
    std::vector<program::Program> programs(at_a_time, seed);
    std::vector<Job> jobs;
    for (program::Program& program : programs) {
      program::Mutator mutator(codes, number);
      for (uint64_t i = 0; i <= number % 4; i++) mutator.mutate(program);
      number++;
      jobs.push_back({&program, {}});
    }
    run_isolated(variant, jobs, {}, [&](size_t i, const Outcome& outcome) {
      // Dropping a wait also causes races; skip inputs that show only a race.
      bool is_race = outcome.key().starts_with("data-race:");
      if (!outcome.key().empty() && !is_race && crashing.size() < enough)
        crashing.push_back({programs[i], outcome.key()});
    });
  }
  return crashing;
}

TEST_P(Identity, IsOneKeyForManyInputs) {
  const size_t enough = getenv("IOVAFUZZ_LONG") ? 20 : 8;
  const iova_variant& variant = load_port("fixed", &find_defect(GetParam().defect));
  program::Program seed = read_input(source_folder() / "corpus" / GetParam().seed).program;
  std::map<std::string, size_t> keys;
  for (const auto& [program, key] : crashing_mutants(variant, seed, enough)) {
    // Minimization may remove an unnecessary fault from the key, and nothing else.
    bool has_fault = !key.ends_with(":none");
    std::string shown = has_fault ? minimize(variant, program, key, {.times = 1}).key : key;
    // The final checks also make a fast request, as another operation, and may show the defect
    // there.
    std::string expected = GetParam().key, fast = expected.substr(0, expected.find(":alloc_fast:"));
    bool is_fast = fast.size() < expected.size() && shown.starts_with(fast + ":");
    keys[is_fast ? expected : shown]++;
  }
  EXPECT_EQ(keys, (std::map<std::string, size_t>{{GetParam().key, enough}}));
}

INSTANTIATE_TEST_SUITE_P(Table, Identity, testing::ValuesIn(identities), [](const auto& info) {
  std::string name = info.param.defect;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(Identities, AreNotShared) {
  std::map<std::string, std::string> defect_of;
  for (const Identified& row : identities) {
    auto [other, is_new] = defect_of.try_emplace(row.key, row.defect);
    EXPECT_TRUE(is_new) << row.defect << " and " << other->second << ": " << row.key;
  }
  EXPECT_GE(std::size(identities), 20u);
}

}  // namespace
}  // namespace tool
