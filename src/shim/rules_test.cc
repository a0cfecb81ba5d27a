// SPDX-License-Identifier: GPL-2.0-only
// A program for every oracle of the shim that breaks its rule and no other.
#include <algorithm>
#include <cctype>
#include <cstdio>

#include "bug.h"
#include "context.h"
#include "cost.h"
#include "cpu.h"
#include "fault.h"
#include "iommu.h"
#include "llist.h"
#include "locks.h"
#include "percpu.h"
#include "rcu.h"
#include "sanitizer.h"
#include "slab.h"
#include "timekeeping.h"
#include "world_test.h"

namespace shim {
namespace {

kmem_cache* new_cache() { return kmem_cache_create("test", 40, 0, 0, nullptr); }

kmem_cache* destroyed_cache() {
  kmem_cache* cache = new_cache();
  kmem_cache_destroy(cache);
  return cache;
}

template <class T>
T* allocated() {
  return static_cast<T*>(kmalloc(sizeof(T), GFP_KERNEL));
}

int on_dead_cpu(unsigned, hlist_node*) { return 0; }

void register_state() {
  (void)cpuhp_setup_state_multi(CPUHP_IOMMU_IOVA_DEAD, "test", nullptr, on_dead_cpu);
}

void add_instance(hlist_node* node) {
  (void)cpuhp_state_add_instance_nocalls(CPUHP_IOMMU_IOVA_DEAD, node);
}

void ignore_work(work_struct*) {}
void ignore_timer(timer_list*) {}
void ignore_callback(rcu_head*) {}

struct Program {
  const Oracle* breaks;
  const char* headline;  // as crash triage and the ledger show it
  void (*run)();
  const Oracle* also = nullptr;  // a second rule that is inevitably broken, too
};

const Program programs[] = {
    // Slab
    {&oracle::slab_free_null, "slab-free-null: kmem_cache_free() of a NULL pointer",
     [] { kmem_cache_free(new_cache(), nullptr); }},
    {&oracle::slab_double_free, "slab-double-free: object freed twice",
     [] {
       void* object = kmalloc(40, GFP_KERNEL);
       kfree(object);
       kfree(object);
     }},
    {&oracle::slab_free_foreign, "slab-free-foreign: free of a pointer that is not a slab object",
     [] {
       int local = 0;
       kfree(&local);
     }},
    {&oracle::slab_free_interior,
     "slab-free-interior: free of a pointer into the middle of an object",
     [] { kfree(static_cast<char*>(kmalloc(40, GFP_KERNEL)) + 16); }},
    {&oracle::slab_free_other_cache,
     "slab-free-other-cache: object freed into a cache that is not its own",
     [] {
       kmem_cache* own = new_cache();
       kmem_cache_free(new_cache(), kmem_cache_alloc(own, GFP_KERNEL));
     }},
    {&oracle::slab_null_cache, "slab-null-cache: use of a NULL cache",
     [] {
       kmem_cache* none = nullptr;
       kmem_cache_alloc(none, GFP_KERNEL);
     }},
    {&oracle::slab_foreign_cache, "slab-foreign-cache: use of a pointer that is not a cache",
     [] { kmem_cache_alloc(static_cast<kmem_cache*>(kmalloc(128, GFP_KERNEL)), GFP_KERNEL); }},
    {&oracle::slab_destroyed_cache, "slab-destroyed-cache: use of a destroyed cache",
     [] { kmem_cache_alloc(destroyed_cache(), GFP_KERNEL); }},
    {&oracle::slab_destroy_twice, "slab-destroy-twice: kmem_cache_destroy() of a destroyed cache",
     [] { kmem_cache_destroy(destroyed_cache()); }},
    {&oracle::slab_destroy_foreign,
     "slab-destroy-foreign: kmem_cache_destroy() of a pointer that is not a cache",
     [] { kmem_cache_destroy(static_cast<kmem_cache*>(kmalloc(128, GFP_KERNEL))); }},
    {&oracle::slab_destroy_live, "slab-destroy-live: kmem_cache_destroy() with live objects",
     [] {
       kmem_cache* cache = new_cache();
       kmem_cache_alloc(cache, GFP_KERNEL);
       kmem_cache_destroy(cache);
     }},
    {&oracle::slab_zero_size, "slab-zero-size: cache of objects with size zero",
     [] { kmem_cache_create("test", 0, 0, 0, nullptr); }},
    {&oracle::slab_out_of_bounds, "slab-out-of-bounds: access outside of an object",
     [] {
       catch_sanitizer_reports();
       void* object = kmalloc(40, GFP_KERNEL);
       overwrite(object, 40);
       kfree(object);
     }},
    {&oracle::slab_use_after_free, "slab-use-after-free: access to a freed object",
     [] {
       catch_sanitizer_reports();
       void* object = kmalloc(40, GFP_KERNEL);
       kfree(object);
       overwrite(object, 8);
       check_end_of_run();
     }},
    {&oracle::slab_leak, "slab-leak: object left at the end of the run",
     [] {
       kmalloc(40, GFP_KERNEL);
       check_end_of_run();
     }},
    {&oracle::slab_cache_left, "slab-cache-left: cache left at the end of the run",
     [] {
       new_cache();
       check_end_of_run();
     }},
    {&oracle::slab_sheaf_foreign,
     "slab-sheaf-foreign: use of a sheaf that belongs to another cache or was returned",
     [] {
       kmem_cache* cache = new_cache();
       slab_sheaf* sheaf = kmem_cache_prefill_sheaf(cache, GFP_KERNEL, 1);
       kmem_cache_return_sheaf(cache, GFP_KERNEL, sheaf);
       kmem_cache_return_sheaf(cache, GFP_KERNEL, sheaf);
     }},
    {&oracle::slab_sheaf_left,
     "slab-sheaf-left: prefilled sheaf not returned at the end of the run",
     [] {
       (void)kmem_cache_prefill_sheaf(kmem_cache_create("boot", 40, 0, SLAB_PANIC, nullptr),
                                      GFP_KERNEL, 1);
       check_end_of_run();
     }},

    {&oracle::vmalloc_double_free, "vmalloc-double-free: vmalloc memory freed twice",
     [] {
       void* memory = vmalloc(4096);
       vfree(memory);
       vfree(memory);
     }},
    {&oracle::vmalloc_free_foreign,
     "vmalloc-free-foreign: vfree() of a pointer that is not vmalloc memory",
     [] { vfree(kmalloc(40, GFP_KERNEL)); }},
    {&oracle::vmalloc_leak, "vmalloc-leak: vmalloc memory left at the end of the run",
     [] {
       (void)vmalloc(4096);
       check_end_of_run();
     }},

    // Page-table pages
    {&oracle::page_double_free, "page-double-free: page-table page freed twice",
     [] {
       iommu_pages_list list = {};
       INIT_LIST_HEAD(&list.pages);
       shim_add_page(&list.pages, SHIM_SITE);
       iommu_put_pages_list(&list);
       iommu_put_pages_list(&list);
     }},
    {&oracle::page_foreign,
     "page-foreign: list of page-table pages with an element that is not a page",
     [] {
       list_head list, element;
       INIT_LIST_HEAD(&list);
       list_add_tail(&element, &list);
       put_pages_list(&list);
     }},
    {&oracle::page_leak, "page-leak: page-table page left at the end of the run",
     [] {
       list_head list;
       INIT_LIST_HEAD(&list);
       shim_add_page(&list, SHIM_SITE);
       check_end_of_run();
     }},

    // Per-CPU memory
    {&oracle::percpu_bad_size,
     "percpu-bad-size: per-CPU object of a size or alignment that the kernel refuses",
     [] { __alloc_percpu(PCPU_MIN_UNIT_SIZE + 1, 8); }},
    {&oracle::percpu_cpu_range, "percpu-cpu-range: per-CPU access for a CPU that is not possible",
     [] { shim_per_cpu_ptr(__alloc_percpu(8, 8), num_possible_cpus(), SHIM_SITE); }},
    {&oracle::percpu_use_after_free, "percpu-use-after-free: per-CPU access to a freed object",
     [] {
       void* object = __alloc_percpu(8, 8);
       free_percpu(object);
       shim_per_cpu_ptr(object, 0, SHIM_SITE);
     }},
    {&oracle::percpu_foreign,
     "percpu-foreign: per-CPU access through a pointer that is not a per-CPU object",
     [] { shim_per_cpu_ptr(kmalloc(8, GFP_KERNEL), 0, SHIM_SITE); }},
    {&oracle::percpu_double_free, "percpu-double-free: per-CPU object freed twice",
     [] {
       void* object = __alloc_percpu(8, 8);
       free_percpu(object);
       free_percpu(object);
     }},
    {&oracle::percpu_free_foreign,
     "percpu-free-foreign: free_percpu() of a pointer that is not a per-CPU object",
     [] { free_percpu(kmalloc(8, GFP_KERNEL)); }},
    {&oracle::percpu_leak, "percpu-leak: per-CPU object left at the end of the run",
     [] {
       __alloc_percpu(8, 8);
       check_end_of_run();
     }},

    // Locks and context
    {&oracle::lock_uninitialized, "lock-uninitialized: use of a lock that was never initialized",
     [] { spin_lock(allocated<spinlock_t>()); }},
    {&oracle::lock_recursion, "lock-recursion: lock taken while it is held",
     [] {
       spinlock_t lock;
       spin_lock_init(&lock);
       spin_lock(&lock);
       spin_lock(&lock);
     }},
    {&oracle::lock_deadlock, "lock-deadlock: wait for a lock that is never released",
     [] {
       static spinlock_t lock;
       spin_lock_init(&lock);
       auto interrupted = [](void*) {
         spin_lock(&lock);
         kfree(nullptr);
       };
       start_context(interrupted, nullptr, 2);
       spin_lock(&lock);  // in code that interrupts the holder
     }},
    {&oracle::lock_not_held, "lock-not-held: lock released or asserted but not held",
     [] {
       spinlock_t lock;
       spin_lock_init(&lock);
       spin_unlock(&lock);
     }},
    {&oracle::lock_held_at_end, "lock-held-at-end: lock held at the end of an operation",
     [] {
       spinlock_t lock;
       spin_lock_init(&lock);
       spin_lock(&lock);
       check_end_of_operation("test");
     }},
    {&oracle::lock_freed_held, "lock-freed-held: memory freed with a held lock in it",
     [] {
       spinlock_t* lock = allocated<spinlock_t>();
       spin_lock_init(lock);
       spin_lock(lock);
       kfree(lock);
     }},
    {&oracle::lock_order, "lock-order: locks taken in opposite orders",
     [] {
       spinlock_t a, b;
       spin_lock_init(&a);
       spin_lock_init(&b);
       spin_lock(&a), spin_lock(&b);
       spin_unlock(&b), spin_unlock(&a);
       spin_lock(&b), spin_lock(&a);
       spin_unlock(&a), spin_unlock(&b);
     }},
    {&oracle::lock_irq_unsafe,
     "lock-irq-unsafe: lock taken in an interrupt handler and elsewhere with interrupts enabled",
     [] {
       spinlock_t lock;
       spin_lock_init(&lock);
       spin_lock(&lock), spin_unlock(&lock);
       shim_irq_enter();
       spin_lock(&lock), spin_unlock(&lock);
       shim_irq_exit();
     }},
    {&oracle::irqs_off_at_end, "irqs-off-at-end: interrupts off at the end of an operation",
     [] {
       spinlock_t lock;
       spin_lock_init(&lock);
       [[maybe_unused]] unsigned long flags;
       spin_lock_irqsave(&lock, flags);
       spin_unlock(&lock);
       check_end_of_operation("test");
     }},
    {&oracle::irqs_on_early, "irqs-on-early: interrupts enabled where they must stay off",
     [] {
       shim_irq_enter();
       shim_local_irq_enable(SHIM_SITE);
       shim_irq_exit();
     }},
    {&oracle::sleep_in_atomic, "sleep-in-atomic: sleeping call in atomic context",
     [] {
       spinlock_t lock;
       spin_lock_init(&lock);
       spin_lock(&lock);
       kmalloc(40, GFP_KERNEL);
       spin_unlock(&lock);
     }},
    {&oracle::search_endless, "search-endless: search of the tree that does not end",
     [] {
       for (;;) shim_count_step();
     }},
    {&oracle::cpu_preemptible,
     "cpu-preemptible: smp_processor_id() where the task may move to another CPU",
     [] { (void)smp_processor_id(); }},

    // Work and timers
    {&oracle::work_uninitialized, "work-uninitialized: use of work that was never initialized",
     [] { schedule_delayed_work(allocated<delayed_work>(), 1); }},
    {&oracle::work_init_pending, "work-init-pending: initialization of pending work",
     [] {
       delayed_work* work = allocated<delayed_work>();
       INIT_DELAYED_WORK(work, ignore_work);
       schedule_delayed_work(work, 1);
       INIT_DELAYED_WORK(work, ignore_work);
     }},
    {&oracle::work_freed_pending, "work-freed-pending: memory freed with pending work in it",
     [] {
       delayed_work* work = allocated<delayed_work>();
       INIT_DELAYED_WORK(work, ignore_work);
       schedule_delayed_work(work, 1);
       kfree(work);
     }},
    {&oracle::work_freed_running,
     "work-freed-running: memory freed with work in it whose handler runs",
     [] {
       auto* work = allocated<delayed_work>();
       INIT_DELAYED_WORK(work, [](work_struct*) { suspend_context(); });
       schedule_delayed_work(work, 1);
       start_context([](void*) { shim_advance(10); }, nullptr);
       kfree(work);
     }},
    {&oracle::work_cancel_self, "work-cancel-self: work waits for its own handler",
     [] {
       static delayed_work work;
       INIT_DELAYED_WORK(&work, [](work_struct*) { cancel_delayed_work_sync(&work); });
       schedule_delayed_work(&work, 1);
       shim_advance(10);
     }},
    {&oracle::work_pending_at_end, "work-pending-at-end: work pending at the end of the run",
     [] {
       delayed_work work;
       INIT_DELAYED_WORK(&work, ignore_work);
       schedule_delayed_work(&work, 1);
       check_end_of_run();
     }},
    {&oracle::timer_uninitialized, "timer-uninitialized: use of a timer that was never initialized",
     [] { mod_timer(allocated<timer_list>(), 1); }},
    {&oracle::timer_init_pending, "timer-init-pending: initialization of a pending timer",
     [] {
       timer_list* timer = allocated<timer_list>();
       timer_setup(timer, ignore_timer, 0);
       mod_timer(timer, 1);
       timer_setup(timer, ignore_timer, 0);
     }},
    {&oracle::timer_freed_pending, "timer-freed-pending: memory freed with a pending timer in it",
     [] {
       timer_list* timer = allocated<timer_list>();
       timer_setup(timer, ignore_timer, 0);
       mod_timer(timer, 1);
       kfree(timer);
     }},
    {&oracle::timer_freed_running,
     "timer-freed-running: memory freed with a timer in it whose handler runs",
     [] {
       auto* timer = allocated<timer_list>();
       timer_setup(
           timer, [](timer_list*) { suspend_context(); }, 0);
       mod_timer(timer, 1);
       start_context([](void*) { shim_advance(10); }, nullptr);
       kfree(timer);
     }},
    {&oracle::timer_delete_self, "timer-delete-self: timer waits for its own handler",
     [] {
       timer_list timer;
       timer_setup(
           &timer, [](timer_list* self) { timer_delete_sync(self); }, 0);
       mod_timer(&timer, 1);
       shim_advance(10);
     }},
    {&oracle::timer_pending_at_end, "timer-pending-at-end: timer pending at the end of the run",
     [] {
       timer_list timer;
       timer_setup(&timer, ignore_timer, 0);
       mod_timer(&timer, 1);
       check_end_of_run();
     }},

    // RCU
    {&oracle::rcu_double_call, "rcu-double-call: RCU callback queued while it is already waiting",
     [] {
       static rcu_head head;
       call_rcu(&head, ignore_callback);
       call_rcu(&head, ignore_callback);
     }},
    {&oracle::rcu_freed_waiting,
     "rcu-freed-waiting: memory freed with a waiting RCU callback in it",
     [] {
       rcu_head* head = allocated<rcu_head>();
       call_rcu(head, ignore_callback);
       kfree(head);
     }},
    {&oracle::rcu_not_reading,
     "rcu-not-reading: end of an RCU read-side section that was not begun",
     [] { rcu_read_unlock(); }},
    {&oracle::rcu_reading_at_end,
     "rcu-reading-at-end: RCU read-side section open at the end of an operation",
     [] {
       rcu_read_lock();
       check_end_of_operation("test");
     }},
    {&oracle::rcu_unprotected,
     "rcu-unprotected: RCU pointer dereferenced without its lock and outside a read-side section",
     [] { shim_check_rcu_access(rcu_read_lock_held(), SHIM_SITE); }},

    // Lock-free lists
    {&oracle::llist_double_add,
     "llist-double-add: element added to a lock-free list that already holds it",
     [] {
       llist_head list{};
       llist_node node;
       llist_add(&node, &list);
       llist_add(&node, &list);
     }},

    // CPU hotplug
    {&oracle::cpuhp_state_busy, "cpuhp-state-busy: hotplug state registered twice",
     [] {
       register_state();
       register_state();
     }},
    {&oracle::cpuhp_not_registered,
     "cpuhp-not-registered: use of a hotplug state that is not registered",
     [] {
       hlist_node node;
       add_instance(&node);
     }},
    {&oracle::cpuhp_instances_left,
     "cpuhp-instances-left: hotplug state removed with instances left",
     [] {
       hlist_node node;
       register_state();
       add_instance(&node);
       cpuhp_remove_multi_state(CPUHP_IOMMU_IOVA_DEAD);
     }},
    {&oracle::cpuhp_double_add, "cpuhp-double-add: hotplug instance added twice",
     [] {
       hlist_node node;
       register_state();
       add_instance(&node);
       add_instance(&node);
     }},
    {&oracle::cpuhp_remove_absent,
     "cpuhp-remove-absent: removal of a hotplug instance that was not added",
     [] {
       hlist_node node;
       register_state();
       (void)cpuhp_state_remove_instance_nocalls(CPUHP_IOMMU_IOVA_DEAD, &node);
     }},
    {&oracle::cpuhp_dead_failed,
     "cpuhp-dead-failed: callback for a dead CPU failed, which the kernel cannot undo",
     [] {
       hlist_node node;
       reset_world(2);
       (void)cpuhp_setup_state_multi(CPUHP_IOMMU_IOVA_DEAD, "test", nullptr,
                                     [](unsigned, hlist_node*) { return -EBUSY; });
       add_instance(&node);
       shim_cpu_offline(1);
     }},
    {&oracle::cpuhp_freed_instance,
     "cpuhp-freed-instance: memory freed with a hotplug instance in it",
     [] {
       hlist_node* node = allocated<hlist_node>();
       register_state();
       add_instance(node);
       kfree(node);
     }},
    {&oracle::cpuhp_instance_left,
     "cpuhp-instance-left: hotplug instance left at the end of the run",
     [] {
       hlist_node node;
       register_state();
       add_instance(&node);
       check_end_of_run();
     },
     &oracle::cpuhp_state_left},
    {&oracle::cpuhp_state_left, "cpuhp-state-left: hotplug state left at the end of the run",
     [] {
       register_state();
       check_end_of_run();
     }},

    // WARN and BUG
    {&oracle::kernel_warn, "kernel-warn: WARN_ON() hit", [] { WARN_ON(num_online_cpus() == 2); }},
    {&oracle::kernel_bug, "kernel-bug: BUG_ON() hit", [] { BUG_ON(num_online_cpus() == 2); }},
};

void use_world_normally() {
  kmem_cache* cache = new_cache();
  void* object = kmem_cache_zalloc(cache, GFP_KERNEL);
  void* percpu = __alloc_percpu(8, 8);
  delayed_work work;
  INIT_DELAYED_WORK(&work, ignore_work);
  schedule_delayed_work(&work, 1);
  shim_advance(10);
  hlist_node node;
  register_state();
  add_instance(&node);
  shim_cpu_offline(1);
  (void)cpuhp_state_remove_instance_nocalls(CPUHP_IOMMU_IOVA_DEAD, &node);
  cpuhp_remove_multi_state(CPUHP_IOMMU_IOVA_DEAD);
  free_percpu(percpu);
  kmem_cache_free(cache, object);
  kmem_cache_destroy(cache);
  check_end_of_operation("test");
  check_end_of_run();
}

std::string literal(std::string_view text) {
  std::string pattern;
  for (char c : text) {
    if (std::ispunct(static_cast<unsigned char>(c))) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

std::string test_name(const testing::TestParamInfo<const Program*>& info) {
  std::string name = info.param->breaks->id;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::vector<const Program*> all_programs() {
  std::vector<const Program*> all;
  for (const Program& program : programs) all.push_back(&program);
  return all;
}

std::vector<const Program*> programs_where(bool recoverable) {
  std::vector<const Program*> chosen;
  for (const Program& program : programs)
    if (program.breaks->recoverable == recoverable) chosen.push_back(&program);
  return chosen;
}

class BrokenRule : public testing::TestWithParam<const Program*> {
 protected:
  void SetUp() override { reset_world(2); }
};

// If a sanitizer sees the access, the sanitizer's report comes first.
std::string headline_pattern(const Program& program) {
  bool is_access = program.breaks == &oracle::slab_out_of_bounds ||
                   program.breaks == &oracle::slab_use_after_free;
  return (is_access ? "(^|\n)" : "^") + literal(program.headline) + "\n";
}

void run_with_default_handler(const Program& program) {
  set_finding_handler(nullptr);
  program.run();
}

class EveryRuleDeathTest : public BrokenRule {};
TEST_P(EveryRuleDeathTest, DiesWithItsExactHeadline) {
  EXPECT_DEATH(run_with_default_handler(*GetParam()), headline_pattern(*GetParam()));
}

class UnrecoverableRuleDeathTest : public BrokenRule {};
TEST_P(UnrecoverableRuleDeathTest, DiesEvenIfTheHandlerWouldGoOn) {
  auto go_on = [](const Finding& finding) {
    fmt::print(stderr, "told of {}\n", finding.oracle->id);
    return true;
  };
  EXPECT_DEATH((set_finding_handler(go_on), GetParam()->run()),
               "told of " + literal(GetParam()->breaks->id));
}

class RecoverableRuleTest : public BrokenRule {};
TEST_P(RecoverableRuleTest, CanBeGonePastAndTheWorldIsUsableAfterReset) {
  Ids expected = {GetParam()->breaks->id};
  if (GetParam()->also) expected.push_back(GetParam()->also->id);
  EXPECT_EQ(oracles_of(GetParam()->run), expected);
  for (int run = 0; run < 2; run++) {
    reset_world(2);
    EXPECT_EQ(census(), Census{});
    EXPECT_EQ(oracles_of(use_world_normally), Ids{});
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, EveryRuleDeathTest, testing::ValuesIn(all_programs()), test_name);
INSTANTIATE_TEST_SUITE_P(Rules, UnrecoverableRuleDeathTest,
                         testing::ValuesIn(programs_where(false)), test_name);
INSTANTIATE_TEST_SUITE_P(Rules, RecoverableRuleTest, testing::ValuesIn(programs_where(true)),
                         test_name);

TEST(Rules, EachHasOneProgramInTheTablesOrder) {
  Ids with_program, all;
  for (const Program& program : programs) with_program.push_back(program.breaks->id);
  for (const Oracle* oracle : oracles()) all.push_back(oracle->id);
  EXPECT_EQ(with_program, all);
}

TEST(Rules, HaveDistinctIdsOfLowerCaseWordsAndRulesWithoutNumbers) {
  Ids ids;
  for (const Oracle* oracle : oracles()) {
    ids.push_back(oracle->id);
    for (char c : ids.back()) EXPECT_TRUE(std::islower(c) || c == '-') << ids.back();
    for (char c : std::string_view(oracle->rule)) EXPECT_FALSE(std::isdigit(c)) << oracle->rule;
  }
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end());
}

TEST(Rules, HeadlineIsIdAndRule) {
  for (const Program& program : programs) EXPECT_EQ(headline(*program.breaks), program.headline);
}

TEST(Rules, FindingNamesFunctionPlaceAndValues) {
  reset_world(2);
  kmem_cache* cache = new_cache();
  std::vector<Finding> found = findings_of([cache] { kmem_cache_free(cache, nullptr); });
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].function, "operator()");
  EXPECT_EQ(found[0].where.rfind("src/shim/rules_test.cc:", 0), 0u) << found[0].where;
  EXPECT_EQ(found[0].values, "cache test");
}

TEST(Rules, WarnOnGivesItsConditionAndTellsTheExpression) {
  EXPECT_FALSE(WARN_ON(num_online_cpus() == 0));
  std::vector<Finding> found = findings_of([] { EXPECT_TRUE(WARN_ON(1 + 1 == 2)); });
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].values, "WARN_ON(1 + 1 == 2)");
}

}  // namespace
}  // namespace shim
