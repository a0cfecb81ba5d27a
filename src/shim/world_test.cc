// SPDX-License-Identifier: GPL-2.0-only
#include "world.h"

#include <cstring>

#include "cpu.h"
#include "fault.h"
#include "locks.h"
#include "object.h"
#include "percpu.h"
#include "slab.h"
#include "timekeeping.h"
#include "world_test.h"

namespace shim {
namespace {

hlist_node node;
delayed_work work;
timer_list timer;
DEFINE_MUTEX(global_mutex);

void register_instance() {
  (void)cpuhp_setup_state_multi(CPUHP_IOMMU_IOVA_DEAD, "test", nullptr, nullptr);
  (void)cpuhp_state_add_instance_nocalls(CPUHP_IOMMU_IOVA_DEAD, &node);
}

void arm() {
  INIT_DELAYED_WORK(&work, [](work_struct*) {});
  timer_setup(
      &timer, [](timer_list*) {}, 0);
  schedule_delayed_work(&work, 100);
  mod_timer(&timer, 100);
}

// Everything that a program can learn about the world, first by queries and then by using it.
struct View {
  Census start;
  unsigned long now;
  unsigned possible, online, current;
  size_t attempts, failed, objects;
  uint32_t operation;
  void *cache, *object, *zeroed, *percpu, *copy;
  bool object_fresh, zeroed_fresh;
  int setup;
  bool scheduled;
  Census used;
  bool operator==(const View&) const = default;
};

View look_and_use() {
  View v{};
  v.start = census();
  v.now = shim_jiffies();
  v.possible = num_possible_cpus();
  v.online = num_online_cpus();
  v.current = raw_smp_processor_id();
  v.attempts = attempts().size();
  v.failed = failed_attempts();
  v.objects = object_count();
  v.operation = current_operation();
  mutex_lock(&global_mutex);
  kmem_cache* cache = kmem_cache_create("test", 40, 0, 0, nullptr);
  v.cache = cache;
  v.object = kmem_cache_alloc(cache, GFP_KERNEL);
  v.object_fresh = all_bytes(v.object, 40, 0xff);
  v.zeroed = kzalloc(100, GFP_KERNEL);
  v.zeroed_fresh = all_bytes(v.zeroed, 100, 0);
  v.percpu = __alloc_percpu(24, 64);
  v.copy = shim_per_cpu_ptr(v.percpu, 1, SHIM_SITE);
  v.setup = cpuhp_setup_state_multi(CPUHP_IOMMU_IOVA_DEAD, "test", nullptr, nullptr);
  INIT_DELAYED_WORK(&work, [](work_struct*) {});
  v.scheduled = schedule_delayed_work(&work, 1);
  v.used = census();
  mutex_unlock(&global_mutex);
  return v;
}

void make_a_mess() {
  register_instance();
  arm();
  shim_advance(7);
  set_current_operation(5);
  shim_set_current_cpu(1);
  shim_cpu_offline(0);
  kmem_cache* cache = kmem_cache_create("other", 72, 0, 0, nullptr);
  for (int i = 0; i < 1000; i++) {
    void* object = kmem_cache_alloc(cache, GFP_KERNEL);
    memset(object, 0x42, 72);
    if (i % 3) kmem_cache_free(cache, object);
  }
  kmem_cache_destroy(kmem_cache_create("destroyed", 72, 0, 0, nullptr));
  __alloc_percpu(200, 64);
  mutex_lock(&global_mutex);
  shim_irq_enter();
  plan_faults(FaultMask().set());
  EXPECT_EQ(kmalloc(8, GFP_ATOMIC), nullptr);
}

TEST(World, AfterResetIsTheSameAsBefore) {
  reset_world(2);
  View fresh = look_and_use();
  EXPECT_EQ(fresh.start, Census{});
  for (int run = 0; run < 3; run++) {
    reset_world(2);
    make_a_mess();
    reset_world(2);
    EXPECT_TRUE(look_and_use() == fresh) << "run " << run;
  }
  reset_world(2);
}

TEST(World, ResetMayChangeTheNumberOfCpus) {
  reset_world(8);
  make_a_mess();
  reset_world(1);
  EXPECT_EQ(num_possible_cpus(), 1u);
  EXPECT_EQ(num_online_cpus(), 1u);
  EXPECT_EQ(raw_smp_processor_id(), 0u);
}

TEST(World, CensusCountsEverything) {
  reset_world(2);
  EXPECT_EQ(census(), Census{});
  kmem_cache* cache = kmem_cache_create("test", 40, 0, 0, nullptr);
  kmem_cache* other = kmem_cache_create("other", 40, 0, 0, nullptr);
  void* objects[] = {kmem_cache_alloc(cache, GFP_KERNEL), kmem_cache_alloc(cache, GFP_KERNEL),
                     kmem_cache_alloc(other, GFP_KERNEL)};
  void* memory = kmalloc(40, GFP_KERNEL);
  void* percpu = __alloc_percpu(24, 8);
  register_instance();
  arm();
  EXPECT_EQ(census(), (Census{.kmalloc_objects = 1,
                              .cache_objects = 3,
                              .percpu_objects = 1,
                              .vmalloc_objects = 0,
                              .pages = 0,
                              .caches = 2,
                              .sheaves = 0,
                              .hotplug_instances = 1,
                              .pending_events = 2,
                              .hotplug_state = true}));
  shim_advance(1000);
  (void)cpuhp_state_remove_instance_nocalls(CPUHP_IOMMU_IOVA_DEAD, &node);
  cpuhp_remove_multi_state(CPUHP_IOMMU_IOVA_DEAD);
  free_percpu(percpu);
  kfree(memory);
  kmem_cache_free(other, objects[2]);
  kmem_cache_destroy(other);
  EXPECT_EQ(census(), (Census{.kmalloc_objects = 0,
                              .cache_objects = 2,
                              .percpu_objects = 0,
                              .vmalloc_objects = 0,
                              .pages = 0,
                              .caches = 1,
                              .sheaves = 0,
                              .hotplug_instances = 0,
                              .pending_events = 0,
                              .hotplug_state = false}));
  reset_world(2);
}

TEST(World, EndOfRunTellsOfEverythingThatIsLeft) {
  reset_world(2);
  kmem_cache* cache = kmem_cache_create("test", 40, 0, 0, nullptr);
  kmem_cache_alloc(cache, GFP_KERNEL);
  __alloc_percpu(24, 8);
  register_instance();
  arm();
  EXPECT_EQ(oracles_of([] { check_end_of_run(); }),
            (Ids{"work-pending-at-end", "timer-pending-at-end", "cpuhp-instance-left",
                 "cpuhp-state-left", "slab-leak", "percpu-leak", "slab-cache-left"}));
  reset_world(2);
  EXPECT_EQ(oracles_of([] { check_end_of_run(); }), Ids{});
}

}  // namespace
}  // namespace shim
