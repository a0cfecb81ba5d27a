// SPDX-License-Identifier: GPL-2.0-only
#include "tool/variants/shown_defects.h"

#include "tool/support/build.h"
#include "tool/support/files.h"

namespace tool {
namespace {

constexpr ShownDefect table[] = {
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

    {"request-unlocked", "data-race", "iova_races/cpus_share_the_tree.iova"},
    {"lookup-unlocked", "lock-not-held", "iova_races/cpus_share_the_tree.iova"},
    {"free-by-node-unlocked", "lock-not-held", "iova_races/cpus_share_the_tree.iova"},
    {"free-unlocked", "lock-not-held", "iova_races/cpus_share_the_tree.iova"},
    {"reservation-unlocked", "data-race", "iova_races/cpus_share_the_tree.iova"},
    {"magazine-emptied-without-tree-lock", "lock-not-held", "iova_races/cpus_share_a_depot.iova"},
    {"magazine-filled-unlocked", "data-race",
     "iova_races/flush_meets_the_magazines_of_another_cpu.iova"},
    {"magazine-drained-unlocked", "data-race",
     "iova_races/flush_meets_the_magazines_of_another_cpu.iova"},
    {"depot-popped-unlocked", "data-race", "iova_races/cpus_share_a_depot.iova"},
    {"depot-flushed-unlocked", "data-race", "iova_races/cpus_share_a_depot.iova"},
    {"depot-trimmed-unlocked", "data-race", "iova_races/depot_work_beside_cpus.iova"},
    {"cache-get-unlocked", "data-race", "iova_races/caches_are_held_by_two_domains.iova"},
    {"cache-put-unlocked", "data-race", "iova_races/caches_are_held_by_two_domains.iova"},
    {"ring-filled-unlocked", "lock-not-held", "iova_races/single_ring_is_shared.iova"},
    {"ring-released-unlocked", "lock-not-held", "iova_races/single_ring_is_shared.iova"},

    {"hints-moved-after-unlock", "data-race", "iova_races/cpus_share_the_tree.iova"},
    {"hint-lowered-after-unlock", "data-race",
     "cache_get\ninit\nreserve lo=4 size=0xffffc\nalloc size=8\ncpu 1\nalloc\n"},
    {"magazine-measured-before-lock", "data-race",
     "iova_races/flush_meets_the_magazines_of_another_cpu.iova"},
    {"magazine-pushed-after-unlock", "data-race", "iova_races/cpus_share_a_depot.iova"},
    {"magazine-popped-after-unlock", "data-race",
     "iova_races/flush_meets_the_magazines_of_another_cpu.iova"},
    {"depot-measured-before-push", "data-race", "iova_races/cpus_share_a_depot.iova"},
    {"depot-measured-before-pop", "data-race", "iova_races/cpus_share_a_depot.iova"},
    {"depot-measured-before-lock", "data-race", "iova_races/depot_work_beside_cpus.iova"},
    {"users-counted-after-unlock", "data-race", "iova_races/caches_are_held_by_two_domains.iova"},
    {"caches-destroyed-after-unlock", "cpuhp-state-busy",
     "iova_interleave/caches_are_put_while_another_takes_them.iova"},
    {"ring-measured-before-lock", "data-race", "iova_races/single_ring_is_shared.iova"},
    {"ring-unlocked-before-filled", "data-race", "iova_races/single_ring_is_shared.iova"},

    {"hint-read-unlocked", "data-race", "iova_races/cpus_share_the_tree.iova"},
    {"magazines-flushed-unlocked", "data-race",
     "iova_races/flush_meets_the_magazines_of_another_cpu.iova"},
    {"depot-pushed-unlocked", "data-race", "iova_races/cpus_share_a_depot.iova"},
    {"queue-counts-flushes-plainly", "data-race", "iova_races/rings_are_filled_and_timed_out.iova"},
    {"queue-published-plainly", "data-race", "iova_races/queue_is_new_to_another_cpu.iova"},
    {"queue-published-without-barrier", "data-race", "iova_races/queue_is_new_to_another_cpu.iova"},
    {"queue-barrier-dropped", "queue-early",
     "iova_queue_interleave/unmapping_reaches_a_flush_late.iova"},
    {"queue-counts-before-barrier", "queue-early",
     "iova_queue_interleave/range_is_unmapped_while_the_timer_flushes.iova"},
    {"queue-timer-flag-plain", "data-race", "iova_races/rings_are_filled_and_timed_out.iova"},

    {"tree-unlocked-before-insertion", "iova-overlap",
     "iova_interleave/two_requests_meet_in_the_tree.iova"},
    {"reservation-unlocked-before-insertion", "tree-order",
     "iova_interleave/two_reservations_of_the_same_pages.iova"},
    {"magazine-kept-across-unlock", "slab-use-after-free",
     "iova_interleave/magazine_is_freed_while_a_flush_waits_for_it.iova", "percpu-foreign"},
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

}  // namespace

std::span<const ShownDefect> shown_defects() { return table; }

program::Program program_of(const ShownDefect& shown) {
  std::string word = shown.program;
  if (word.ends_with(".iova")) word = read_file(source_folder() / "corpus" / word);
  return program::parse(word);
}

}  // namespace tool
