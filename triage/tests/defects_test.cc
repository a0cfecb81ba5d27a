// SPDX-License-Identifier: GPL-2.0-only
// Planted defects: each is built, and found by a program that finds nothing without it.
#include <algorithm>

#include "iova/port_variants.h"
#include "program/program.h"
#include "tool/replay/input.h"
#include "tool/replay/isolate.h"
#include "tool/support/command_test.h"
#include "tool/variants/port.h"

extern "C" __attribute__((weak)) int __asan_report_present(void);

namespace tool {
namespace {

struct Shown {
  const char* defect;
  const char* oracle;
  const char* program;                // a seed, or text
  const char* without_asan = oracle;  // which tells of the access, where else its effect shows
};

constexpr Shown table[] = {
    {"mag-free-null", "slab-free-null",
     "iova_init_faults/magazine_alloc_fails_in_rcache_init.iova"},
    {"no-second-pass", "spurious-failure",
     "iova_tree/second_pass_finds_the_hole_above_the_cached_node.iova"},
    {"max32-raised-by-fast-fail", "hint-wrong",
     "cache_get\ninit\nreserve lo=4 size=0xffffc\nalloc size=8\nalloc size=16\n"},
    {"max32-not-reset", "hint-wrong",
     "iova_tree/hint_is_reset_by_a_free_below_the_cached32_node.iova"},
    {"anchor-lookalike-leak", "object-count", "iova_tree/failed_insert_frees_its_node.iova"},
    {"rcache-init-ignored", "fault-not-reported",
     "iova_init_faults/magazine_alloc_fails_in_rcache_init.iova"},
    {"walk-underflow", "iova-above-limit",
     "iova_tree/request_larger_than_its_limit_does_not_wrap.iova"},
    {"start-pfn-unallocatable", "spurious-failure", "iova_tree/exact_fit_touches_the_start.iova"},
    {"aligned-size-rounding", "iova-wrong-size", "cache_get\ninit\nalloc size=33\n"},

    {"range-end-excluded", "find-wrong", "iova_tree/find_any_pfn_of_a_range.iova"},
    {"reservation-merges-across-gap", "node-unaccounted",
     "cache_get\ninit\nreserve lo=20 size=4\nreserve lo=10 size=9\n"},
    {"cached32-ignores-frees-above", "cached-node-wrong",
     "iova_tree/cached32_node_follows_a_free_upwards.iova"},
    {"hint-outlives-straddling-free", "hint-wrong",
     "iova_tree/hint_is_reset_by_a_free_of_a_straddling_range.iova"},
    {"dma32-ignores-granule", "hint-wrong", "cache_get\ninit granule=2048\n"},

    {"pop-ignores-limit", "iova-above-limit",
     "iova_rcache/limit_misses_every_entry_of_the_magazine.iova"},
    {"pop-leaves-hole", "magazine-stray",
     "iova_rcache/limit_picks_an_entry_from_inside_the_magazine.iova"},
    {"swap-forgotten", "ubsan-out-of-bounds-index",
     "iova_rcache/full_loaded_magazine_is_swapped_with_prev.iova", "magazine-size"},
    {"free-takes-wrong-bin", "magazine-stray", "iova_domain/plain_life_of_one_domain.iova"},
    {"flush-skips-other-cpus", "flush-incomplete",
     "iova_rcache/flush_reaches_the_magazines_of_other_cpus.iova"},
    {"no-retry-after-flush", "flush-missing",
     "iova_rcache/flush_reaches_the_magazines_of_other_cpus.iova"},

    {"array-depot-overflows", "ubsan-out-of-bounds-index",
     "iova_rcache/full_depot_refuses_the_thirty_third_magazine.iova", "percpu-foreign"},
    {"depot-pop-loses-size", "rcache-wrong",
     "cache_get\ninit\ninit_rcaches\nalloc_fast x255\nfree_fast x255\nalloc_fast x255\n"},
    {"depot-trimmed-too-far", "rcache-contents",
     "iova_rcache/depot_is_measured_by_online_cpus.iova"},
    {"depot-work-not-rearmed", "depot-work-wrong",
     "cpus 1\ncache_get\ninit\ninit_rcaches\nalloc_fast x509\nfree_fast x509\ntick 100\n"},
    {"work-not-cancelled", "work-freed-pending", "iova_domain/put_with_everything_pending.iova"},

    {"dead-cpu-keeps-prev", "rcache-contents", "iova_rcache/dead_cpu_returns_loaded_and_prev.iova"},
    {"dead-cpu-empties-another", "rcache-contents",
     "iova_rcache/dead_cpu_returns_loaded_and_prev.iova"},
    {"hotplug-instance-left", "cpuhp-freed-instance", "iova_domain/plain_life_of_one_domain.iova"},

    {"failed-get-counts", "slab-null-cache", "fail 0x1\ncache_get\ncache_get\ninit\nalloc\n"},
    {"failed-get-keeps-mutex", "lock-held-at-end", "fail 0x1\ncache_get\n"},
    {"cache-put-destroys-early", "cpuhp-not-registered", "cache_get\ncache_get\ncache_put\n"},
    {"lock-kept-on-refusal", "lock-held-at-end",
     "iova_tree/failed_walk_sets_the_hint_and_a_free_resets_it.iova"},
    {"irqs-on-in-free", "lock-irq-unsafe", "cache_get\ninit\nirq\nalloc\nfree\n"},
    {"rcache-locked-with-irqs-on", "lock-irq-unsafe",
     "cache_get\ninit\ninit_rcaches\nirq\nalloc_fast\nalloc_fast\n"},
    {"gfp-kernel-under-lock", "sleep-in-atomic", "iova_domain/plain_life_of_one_domain.iova"},
    {"failed-init-keeps-rcaches", "failure-left-traces",
     "iova_init_faults/first_percpu_alloc_fails.iova"},

    {"hint-read-unlocked", "data-race", "iova_races/cpus_share_the_tree.iova"},
    {"magazines-flushed-unlocked", "data-race",
     "iova_races/flush_meets_the_magazines_of_another_cpu.iova"},
    {"depot-pushed-unlocked", "data-race", "iova_races/cpus_share_a_depot.iova"},
    {"queue-timer-flag-plain", "data-race", "iova_races/rings_are_filled_and_timed_out.iova"},

    {"tree-unlocked-before-insertion", "iova-overlap",
     "iova_interleave/two_requests_meet_in_the_tree.iova"},
    {"dead-cpus-told-too-early", "lock-uninitialized",
     "iova_interleave/rcaches_are_initialized_while_a_cpu_dies.iova"},
    {"depot-work-not-waited-for", "work-freed-running",
     "iova_interleave/depot_work_is_suspended_during_teardown.iova"},
    {"users-counted-unlocked", "cpuhp-state-busy",
     "iova_interleave/caches_are_taken_by_two_at_once.iova"},
    {"ring-unlocked-while-released", "queue-stray",
     "iova_queue_interleave/timer_meets_a_queueing_task_in_a_ring.iova"},

    {"queue-timer-not-waited-for", "timer-freed-running",
     "iova_flush_queue/domain_is_put_while_its_timer_runs.iova"},
    {"queue-reuses-page-list", "slab-use-after-free",
     "iova_flush_queue/ring_wraps_onto_lists_that_were_put.iova", "page-double-free"},
    {"queue-released-on-equality", "queue-early",
     "iova_flush_queue/range_queued_during_a_flush_waits_for_the_next.iova"},
    {"queue-counts-finished-flushes", "queue-early",
     "iova_flush_queue/range_queued_during_a_flush_waits_for_the_next.iova"},
    {"queue-timer-flag-cleared-late", "queue-overdue",
     "cache_get\ninit\ninit_rcaches\nqueue_init\nalloc_fast x2\nqueue\nslow\ntick 10\nqueue\n"
     "flush_done\ntick 10\n"},
    {"queue-skips-offline-rings", "queue-overdue",
     "iova_flush_queue/ring_of_an_offline_cpu_is_released.iova"},
    {"queue-leaks-pages-at-teardown", "page-leak",
     "iova_flush_queue/single_ring_is_put_with_queued_ranges.iova"},
};

void PrintTo(const Shown& shown, std::ostream* out) { *out << shown.defect; }

class PlantedDefect : public testing::TestWithParam<Shown> {
 protected:
  static void SetUpTestSuite() {
    std::vector<const port::DefectInfo*> all;
    for (const port::DefectInfo& defect : port::defects) all.push_back(&defect);
    build_defects("fixed", all);
  }
  program::Program program() const {
    TemporaryFolder folder;
    std::string word = GetParam().program;
    return read_input(word.ends_with(".iova") ? (source_folder() / "corpus" / word).string()
                                              : folder.write("a.iova", word))
        .program;
  }
};

INSTANTIATE_TEST_SUITE_P(Table, PlantedDefect, testing::ValuesIn(table), [](const auto& info) {
  std::string name = info.param.defect;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST_P(PlantedDefect, IsFoundByAProgramThatIsCleanWithoutIt) {
  const iova_variant& fixed = port::fixed::variant;
  const iova_variant& planted = load_port("fixed", &find_defect(GetParam().defect));
  EXPECT_EQ(planted.name, std::string("port@fixed+") + GetParam().defect);
  EXPECT_EQ(run_isolated(fixed, program()).key(), "");
  Outcome outcome = run_isolated(planted, program());
  std::string key = outcome.key();
  const char* oracle = __asan_report_present ? GetParam().oracle : GetParam().without_asan;
  EXPECT_EQ(key.substr(0, key.find(':')), oracle) << key << "\n" << outcome.log;
}

TEST(PlantedDefects, AreAllInTheTable) {
  std::vector<std::string> planted, shown;
  for (const port::DefectInfo& defect : port::defects) planted.push_back(name_of(defect));
  for (const Shown& row : table) shown.push_back(row.defect);
  EXPECT_EQ(shown, planted);
}

constexpr const char gap[] =
    "cache_get\ninit\nalloc slot=a unaligned size=10 limit=100\n"
    "alloc slot=b unaligned size=50 limit=100\nfree slot=a\n"
    "alloc slot=b unaligned size=20 limit=100 x2\nalloc unaligned size=10 limit=100\n";
constexpr const char gap_key[] = "spurious-failure:alloc_iova:alloc:none";

TEST(PlantedDefects, AreChosenByTheCommandsThatTakeAVariant) {
  TemporaryFolder folder;
  std::string file = folder.write("a.iova", gap);
  auto on = [](std::vector<std::string> words, const char* revision = "6.12") {
    words.insert(words.end(), {"--revision", revision, "--defect", "no-second-pass"});
    return words;
  };
  auto shown = tool_json(on({"show", file}));
  EXPECT_EQ(shown["variant"], "port@6.12+no-second-pass");
  EXPECT_EQ(shown["key"], gap_key);
  EXPECT_EQ(tool_json(on({"replay", file}))[0]["keys"], json({{gap_key, 1}}));
  EXPECT_EQ(tool_json(on({"replay", file}, "6.1"))[0]["keys"], json({{gap_key, 1}}));
  EXPECT_EQ(tool_json({"replay", file, "--revision", "6.12"})[0]["keys"], json({{"clean", 1}}));
  std::string other = folder.write("b.iova", "cache_get\ninit\nalloc\n");
  EXPECT_EQ(tool_json(on({"sweep", other}))[0]["variant"], "port@6.12+no-second-pass");
}

TEST(PlantedDefects, AreComparedWithOtherVariants) {
  TemporaryFolder folder;
  std::string file = folder.write("a.iova", gap);
  auto diff = [&](const char* expected, const char* actual) {
    return tool_json({"diff", "--programs", "0", expected, actual, file});
  };
  auto result = diff("6.12", "6.12+no-second-pass");
  EXPECT_EQ(result["result"], "differ") << to_text(result);
  EXPECT_EQ(result["actual"], "port@6.12+no-second-pass");
  EXPECT_EQ(diff("6.12+no-second-pass", "7.3+no-second-pass")["result"], "same");
}

TEST(PlantedDefects, AreListed) {
  auto rows = tool_json({"list", "defects"})["defects"];
  ASSERT_EQ(rows.size(), std::size(port::defects));
  EXPECT_EQ(rows[0]["name"], "mag-free-null");
  EXPECT_EQ(rows[0]["commit"], "fa8fb60d3637");
  CommandResult listed = tool({"list", "defects"});
  for (const port::DefectInfo& defect : port::defects) {
    EXPECT_NE(listed.output.find("  " + name_of(defect) + " "), std::string::npos);
    EXPECT_NE(listed.output.find(defect.meaning), std::string::npos);
  }
}

TEST(PlantedDefects, ThatAreUnknownAreToldWithTheKnownOnes) {
  std::string sentence = "iovafuzz: unknown defect 'no-third-pass': there are mag-free-null, ";
  for (std::vector<std::string> words :
       {std::vector<std::string>{"run", "--defect", "no-third-pass"},
        {"diff", "fixed", "fixed+no-third-pass"}}) {
    CommandResult result = tool(words);
    EXPECT_EQ(result.status, 2);
    EXPECT_EQ(result.output.substr(0, sentence.size()), sentence);
    EXPECT_EQ(std::count(result.output.begin(), result.output.end(), '\n'), 1);
  }
}

}  // namespace
}  // namespace tool
