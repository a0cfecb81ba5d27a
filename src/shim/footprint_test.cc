// SPDX-License-Identifier: GPL-2.0-only
#include "footprint.h"

#include "locks.h"
#include "object.h"
#include "percpu.h"
#include "rcu.h"
#include "slab.h"
#include "timekeeping.h"
#include "world_test.h"

namespace shim {
namespace {

class Footprints : public testing::Test {
 protected:
  Footprints() {
    set_finding_handler(nullptr);
    reset_world(2);
  }
  template <class Function>
  static Footprint of(Function function) {
    Footprint footprint;
    record_footprint(&footprint);
    function();
    record_footprint(nullptr);
    sort_footprint(footprint);
    return footprint;
  }
};

TEST_F(Footprints, ConflictWhereOneWrites) {
  uint64_t words[3] = {};
  const Footprint reads = of([&] { note_read(&words[0]), note_read(&words[1]); });
  const Footprint writes_it = of([&] { note_change(&words[1]); });
  const Footprint writes_another = of([&] { note_change(&words[2]); });
  EXPECT_FALSE(conflict(reads, reads));
  EXPECT_TRUE(conflict(reads, writes_it));
  EXPECT_TRUE(conflict(writes_it, reads));
  EXPECT_TRUE(conflict(writes_it, writes_it));
  EXPECT_FALSE(conflict(reads, writes_another));
  EXPECT_FALSE(conflict({}, writes_it));
}

TEST_F(Footprints, HaveAllWordsOfAnAccess) {
  alignas(8) char bytes[24] = {};
  const Footprint last = of([&] { note_change(&bytes[16]); });
  EXPECT_TRUE(conflict(of([&] { note_touch(&bytes[4], 16, false); }), last));
  EXPECT_FALSE(conflict(of([&] { note_touch(&bytes[4], 12, false); }), last));
}

TEST_F(Footprints, HaveLocksWorkAndTimers) {
  spinlock_t lock, other;
  spin_lock_init(&lock);
  spin_lock_init(&other);
  const auto take = [](spinlock_t* one) { spin_lock(one), spin_unlock(one); };
  const Footprint takes = of([&] { take(&lock); });
  EXPECT_TRUE(conflict(takes, of([&] { take(&lock); })));
  EXPECT_FALSE(conflict(takes, of([&] { take(&other); })));
  timer_list timer = {};
  timer_setup(
      &timer, [](timer_list*) {}, 0);
  const Footprint arms = of([&] { mod_timer(&timer, 5); });
  EXPECT_TRUE(conflict(arms, of([&] { timer_delete_sync(&timer); })));
  mod_timer(&timer, 5);
  EXPECT_TRUE(conflict(arms, of([&] { shim_advance(20); })));
}

// An access before the free is right, one after it is not.
TEST_F(Footprints, HaveAllWordsOfAFreedObject) {
  struct Node {
    long first;
    rcu_head rcu;
    long last;
  };
  static Node* node;
  kmem_cache* cache = kmem_cache_create("test", sizeof(Node), 0, 0, nullptr);
  const auto conflicts = [](void* memory, auto free) {
    node = static_cast<Node*>(memory);
    const Footprint first = of([] { note_read(&node->first); });
    const Footprint last = of([] { note_read(&node->last); });
    const Footprint frees = of(free);
    return conflict(first, frees) && conflict(last, frees);
  };
  EXPECT_TRUE(conflicts(kmalloc(sizeof(Node), GFP_KERNEL), [] { kfree(node); }));
  EXPECT_TRUE(conflicts(vmalloc(sizeof(Node)), [] { vfree(node); }));
  EXPECT_TRUE(
      conflicts(kmem_cache_alloc(cache, GFP_KERNEL), [&] { kmem_cache_free(cache, node); }));
  EXPECT_TRUE(conflicts(kmem_cache_alloc(cache, GFP_KERNEL), [&] {
    void* all[] = {node};
    kmem_cache_free_bulk(cache, 1, all);
  }));
  auto* later = static_cast<Node*>(kmalloc(sizeof(Node), GFP_KERNEL));
  kfree_rcu(later, rcu);
  EXPECT_TRUE(conflicts(later, [] { shim_advance(1); }));
}

TEST_F(Footprints, HaveFreedPerCpuMemory) {
  static long* memory;
  memory = static_cast<long*>(__alloc_percpu(sizeof(long), alignof(long)));
  static long* copy;
  copy = per_cpu_ptr(memory, 1);
  const Footprint looks_up = of([] { per_cpu_ptr(memory, 1); });
  const Footprint reads = of([] { note_read(copy); });
  EXPECT_FALSE(conflict(looks_up, looks_up));
  const Footprint frees = of([] { free_percpu(memory); });
  EXPECT_TRUE(conflict(looks_up, frees));
  EXPECT_TRUE(conflict(reads, frees));
}

TEST_F(Footprints, LeaveOutWhatTheStretchMade) {
  const Footprint makes = of([] { note_change(kmalloc(8, GFP_KERNEL)); });
  EXPECT_TRUE(makes.empty());
  void* object = kmalloc(8, GFP_KERNEL);
  EXPECT_FALSE(of([&] { note_change(object); }).empty());
}

}  // namespace
}  // namespace shim
