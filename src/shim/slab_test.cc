// SPDX-License-Identifier: GPL-2.0-only
#include "slab.h"

#include <cstdint>
#include <cstring>

#include "fault.h"
#include "locks.h"
#include "object.h"
#include "sanitizer.h"
#include "types.h"
#include "world_test.h"

namespace shim {
namespace {

class Slab : public WorldTest {};
class SlabDeathTest : public WorldTest {};

kmem_cache* new_cache(unsigned size, unsigned align = 0, slab_flags_t flags = 0) {
  return kmem_cache_create("test", size, align, flags, nullptr);
}

uintptr_t number(const void* address) { return reinterpret_cast<uintptr_t>(address); }

TEST_F(Slab, NullMayBeFreedAndDestroyed) {
  void* no_object = nullptr;
  kmem_cache* no_cache = nullptr;
  kfree(no_object);
  kmem_cache_destroy(no_cache);
}

TEST_F(Slab, FreshMemoryIsAllOnes) {
  kmem_cache* cache = new_cache(40);
  void* objects[] = {kmalloc(40, GFP_KERNEL), kmalloc_array(4, 10, GFP_ATOMIC)};
  void* object = kmem_cache_alloc(cache, GFP_ATOMIC);
  EXPECT_TRUE(all_bytes(object, 40, 0xff));
  kmem_cache_free(cache, object);
  kmem_cache_destroy(cache);
  for (void* memory : objects) {
    EXPECT_TRUE(all_bytes(memory, 40, 0xff));
    kfree(memory);
  }
}

TEST_F(Slab, MemoryIsZeroWhereAskedFor) {
  kmem_cache* cache = new_cache(40);
  void* objects[] = {kzalloc(40, GFP_KERNEL), kcalloc(4, 10, GFP_ATOMIC)};
  void* object = kmem_cache_zalloc(cache, GFP_ATOMIC);
  EXPECT_TRUE(all_bytes(object, 40, 0));
  kmem_cache_free(cache, object);
  kmem_cache_destroy(cache);
  for (void* memory : objects) {
    EXPECT_TRUE(all_bytes(memory, 40, 0));
    kfree(memory);
  }
}

TEST_F(Slab, EveryByteOfAnObjectMayBeWritten) {
  for (size_t size = 0; size <= 300; size++) {
    void* object = kmalloc(size, GFP_KERNEL);
    memset(object, 1, size);
    kfree(object);
  }
}

TEST_F(Slab, ObjectsOfNoBytesAreObjects) {
  void* a = kmalloc(0, GFP_KERNEL);
  void* b = kmalloc(0, GFP_KERNEL);
  EXPECT_NE(a, nullptr);
  EXPECT_NE(a, b);
  kfree(a);
  kfree(b);
}

void write_beside(size_t size, ptrdiff_t offset) {
  catch_sanitizer_reports();
  void* before = kmalloc(16, GFP_KERNEL);
  void* object = kmalloc(size, GFP_KERNEL);
  void* after = kmalloc(16, GFP_KERNEL);
  overwrite(object, offset);
  kfree(before);
  kfree(after);
  kfree(object);
}

TEST_F(SlabDeathTest, TheFirstByteAfterAnObjectIsOutOfBounds) {
  for (size_t size : {0, 1, 5, 8, 15, 16, 17, 40})
    EXPECT_DEATH(write_beside(size, size), "slab-out-of-bounds: ") << size;
}

TEST_F(SlabDeathTest, TheLastByteBeforeAnObjectIsOutOfBounds) {
  for (size_t size : {0, 1, 40}) EXPECT_DEATH(write_beside(size, -1), "slab-out-of-bounds: ");
}

TEST_F(SlabDeathTest, EveryByteOfAFreedObjectIsUsedAfterFree) {
  auto use_after_free = [](size_t size, size_t offset) {
    catch_sanitizer_reports();
    void* object = kmalloc(size, GFP_KERNEL);
    kfree(object);
    overwrite(object, offset);
    check_end_of_run();
  };
  EXPECT_DEATH(use_after_free(41, 0), "slab-use-after-free: ");
  EXPECT_DEATH(use_after_free(41, 40), "slab-use-after-free: ");
}

TEST_F(Slab, MemoryIsNotReusedWithinARun) {
  kmem_cache* cache = new_cache(40);
  uintptr_t end = 0;
  for (int i = 0; i < 1000; i++) {
    void* object = i % 2 ? kmalloc(40, GFP_KERNEL) : kmem_cache_alloc(cache, GFP_KERNEL);
    EXPECT_GE(number(object), end);
    end = number(object) + 40;
    if (i % 2)
      kfree(object);
    else
      kmem_cache_free(cache, object);
  }
  kmem_cache_destroy(cache);
}

TEST_F(Slab, CachesAreNotReusedWithinARun) {
  kmem_cache* first = new_cache(40);
  kmem_cache_destroy(first);
  kmem_cache* second = new_cache(40);
  EXPECT_NE(first, second);
  kmem_cache_destroy(second);
}

TEST_F(Slab, OverflowOfAnArraysSizeGivesNullWithoutAnAttempt) {
  EXPECT_EQ(kcalloc(SIZE_MAX / 2, 3, GFP_KERNEL), nullptr);
  EXPECT_EQ(kmalloc_array(SIZE_MAX, 2, GFP_ATOMIC), nullptr);
  EXPECT_TRUE(attempts().empty());
}

TEST_F(Slab, AtomicAllocationAndFreeAreAllowedUnderASpinlockAndInInterrupts) {
  kmem_cache* cache = new_cache(40);
  spinlock_t lock;
  spin_lock_init(&lock);
  shim_irq_enter();
  spin_lock(&lock);
  kfree(kmalloc(40, GFP_ATOMIC));
  kfree(kcalloc(4, 10, GFP_ATOMIC | __GFP_NOWARN));
  kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_ATOMIC));
  spin_unlock(&lock);
  shim_irq_exit();
  kmem_cache_destroy(cache);
}

TEST_F(Slab, EverySleepingCallIsAFindingInAnInterrupt) {
  kmem_cache* cache = new_cache(40);
  kmem_cache* other = new_cache(40);
  void *object, *memory;
  shim_irq_enter();
  Ids sleeps = {"sleep-in-atomic"};
  EXPECT_EQ(oracles_of([&] { memory = kmalloc(40, GFP_KERNEL); }), sleeps);
  EXPECT_EQ(oracles_of([&] { object = kmem_cache_alloc(cache, GFP_KERNEL); }), sleeps);
  EXPECT_EQ(oracles_of([&] { kmem_cache_destroy(other); }), sleeps);
  EXPECT_EQ(oracles_of([&] { other = new_cache(40); }), sleeps);
  shim_irq_exit();
  kfree(memory);
  kmem_cache_free(cache, object);
  kmem_cache_destroy(cache);
  kmem_cache_destroy(other);
}

int constructed;
void construct(void* object) {
  memset(object, 0x42, 40);
  constructed++;
}

TEST_F(Slab, ConstructorRunsOnEveryObjectButNotWhenTheAllocationFails) {
  constructed = 0;
  kmem_cache* cache = kmem_cache_create("test", 40, 0, 0, construct);
  EXPECT_EQ(constructed, 0);
  void* object = kmem_cache_alloc(cache, GFP_KERNEL);
  EXPECT_TRUE(all_bytes(object, 40, 0x42));
  plan_faults(FaultMask(1));
  EXPECT_EQ(kmem_cache_alloc(cache, GFP_KERNEL), nullptr);
  EXPECT_EQ(constructed, 1);
  kmem_cache_free(cache, object);
  kmem_cache_destroy(cache);
}

void expect_alignment(unsigned size, unsigned align, slab_flags_t flags, uintptr_t expected) {
  kmem_cache* cache = new_cache(size, align, flags);
  for (int i = 0; i < 5; i++) {
    void* object = kmem_cache_alloc(cache, GFP_KERNEL);
    EXPECT_EQ(number(object) % expected, 0u);
    kmem_cache_free(cache, object);
  }
  kmem_cache_destroy(cache);
}

TEST_F(Slab, ObjectsAreAligned) {
  expect_alignment(40, 0, 0, sizeof(void*));
  expect_alignment(40, 256, 0, 256);
  expect_alignment(40, 0, SLAB_HWCACHE_ALIGN, SHIM_CACHE_LINE);
  expect_alignment(40, 256, SLAB_HWCACHE_ALIGN, 256);
  expect_alignment(16, 256, SLAB_HWCACHE_ALIGN, 256);
}

[[gnu::noinline]] void* allocate_somewhere(kmem_cache* cache) {
  return kmem_cache_alloc(cache, GFP_KERNEL);
}

TEST_F(Slab, DestroyWithLiveObjectsNamesWhereEachWasAllocated) {
  kmem_cache* cache = new_cache(40);
  kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_KERNEL));
  set_current_operation(7);
  allocate_somewhere(cache);
  std::vector<Finding> found = findings_of([cache] { kmem_cache_destroy(cache); });
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].values.rfind("cache test created in new_cache()\n"
                                  "  live: 40 bytes of cache test, allocated in "
                                  "allocate_somewhere() (src/shim/slab_test.cc:",
                                  0),
            0u)
      << found[0].values;
  EXPECT_TRUE(found[0].values.ends_with(") by operation 7")) << found[0].values;
  reset_world(2);
}

TEST_F(Slab, LeaksAreToldOneByOneWithTheirAllocation) {
  kmem_cache* cache = new_cache(40);
  allocate_somewhere(cache);
  allocate_somewhere(cache);
  std::vector<Finding> found = findings_of([] { check_end_of_run(); });
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].function, "allocate_somewhere");
  EXPECT_EQ(found[1].oracle, &oracle::slab_leak);
  EXPECT_EQ(found[2].oracle, &oracle::slab_cache_left);
  EXPECT_EQ(found[2].function, "new_cache");
  reset_world(2);
}

TEST_F(Slab, CacheOfAnEarlierRunIsForeign) {
  kmem_cache* cache = new_cache(40);
  reset_world(2);
  EXPECT_EQ(oracles_of([cache] { kmem_cache_destroy(cache); }), Ids{"slab-destroy-foreign"});
}

TEST_F(Slab, ObjectOfAnEarlierRunIsForeign) {
  void* object = kmalloc(40, GFP_KERNEL);
  reset_world(2);
  EXPECT_EQ(oracles_of([object] { kfree(object); }), Ids{"slab-free-foreign"});
}

TEST_F(Slab, EveryWrongFreeIsTold) {
  kmem_cache* cache = new_cache(40);
  void* object = kmem_cache_alloc(cache, GFP_KERNEL);
  void* memory = kmalloc(40, GFP_KERNEL);
  char* inside = static_cast<char*>(memory) + 1;
  Ids other = {"slab-free-other-cache"}, foreign = {"slab-free-foreign"};
  kmem_cache* second = new_cache(40);
  EXPECT_EQ(oracles_of([&] { kmem_cache_free(second, object); }), other);
  EXPECT_EQ(oracles_of([&] { kmem_cache_free(cache, memory); }), other);
  EXPECT_EQ(oracles_of([&] { kmem_cache_free(cache, inside); }), Ids{"slab-free-interior"});
  EXPECT_EQ(oracles_of([&] { kfree(inside + 39); }), foreign);
  EXPECT_EQ(oracles_of([&] { kmem_cache_free(cache, &object); }), foreign);
  kfree(memory);
  EXPECT_EQ(oracles_of([&] { kfree(memory); }), Ids{"slab-double-free"});
  // kfree() takes objects of any cache.
  EXPECT_EQ(oracles_of([&] { kfree(object); }), Ids{});
  kmem_cache_destroy(second);
  kmem_cache_destroy(cache);
}

TEST_F(Slab, BulkIsAllOrNothing) {
  kmem_cache* cache = new_cache(40);
  void* objects[3] = {};
  plan_faults(FaultMask(1));
  EXPECT_EQ(kmem_cache_alloc_bulk(cache, GFP_NOWAIT, 3, objects), 0);
  EXPECT_EQ(objects[0], nullptr);
  EXPECT_EQ(kmem_cache_alloc_bulk(cache, GFP_ATOMIC, 3, objects), 3);
  EXPECT_EQ(census().cache_objects, 3u);
  ASSERT_EQ(attempts().size(), 2u);
  EXPECT_EQ(describe(attempts()[0]),
            "kmem_cache_alloc_bulk(test) of 120 bytes, GFP_NOWAIT, in TestBody()");
  kmem_cache_free_bulk(cache, 3, objects);
  void* plain[2] = {kmalloc(8, GFP_KERNEL), kmalloc(8, GFP_KERNEL)};
  kfree_bulk(2, plain);
  kmem_cache_destroy(cache);
}

TEST_F(Slab, SheafHasWhatItWasFilledWith) {
  kmem_cache* cache = new_cache(40);
  plan_faults(FaultMask(1));
  EXPECT_EQ(kmem_cache_prefill_sheaf(cache, GFP_ATOMIC, 2), nullptr);
  slab_sheaf* sheaf = kmem_cache_prefill_sheaf(cache, GFP_ATOMIC, 2);
  ASSERT_NE(sheaf, nullptr);
  // From here on, allocations from the sheaf cannot fail.
  plan_faults(FaultMask(~0u));
  void* first = kmem_cache_alloc_from_sheaf(cache, GFP_NOWAIT | __GFP_ZERO, sheaf);
  EXPECT_TRUE(all_bytes(first, 40, 0));
  EXPECT_EQ(kmem_cache_sheaf_size(sheaf), 1u);
  void* second = kmem_cache_alloc_from_sheaf(cache, GFP_NOWAIT, sheaf);
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(kmem_cache_alloc_from_sheaf(cache, GFP_NOWAIT, sheaf), nullptr);
  EXPECT_EQ(attempts().size(), 0u);
  // A refill can fail.
  EXPECT_LT(kmem_cache_refill_sheaf(cache, GFP_ATOMIC, &sheaf, 3), 0);
  EXPECT_EQ(kmem_cache_sheaf_size(sheaf), 0u);
  plan_no_faults();
  EXPECT_EQ(kmem_cache_refill_sheaf(cache, GFP_ATOMIC, &sheaf, 3), 0);
  EXPECT_EQ(kmem_cache_refill_sheaf(cache, GFP_ATOMIC, &sheaf, 2), 0);
  EXPECT_EQ(kmem_cache_sheaf_size(sheaf), 3u);
  EXPECT_EQ(attempts().size(), 1u);
  EXPECT_EQ(census().sheaves, 1u);
  kmem_cache_return_sheaf(cache, GFP_ATOMIC, sheaf);
  EXPECT_EQ(census().sheaves, 0u);
  kmem_cache_free(cache, first);
  kmem_cache_free(cache, second);
  kmem_cache_destroy(cache);
}

TEST_F(SlabDeathTest, SheafIsOfOneCache) {
  kmem_cache *cache = new_cache(40), *other = new_cache(40);
  slab_sheaf* sheaf = kmem_cache_prefill_sheaf(cache, GFP_KERNEL, 1);
  EXPECT_DEATH(kmem_cache_alloc_from_sheaf(other, GFP_NOWAIT, sheaf), "^slab-sheaf-foreign: ");
  EXPECT_EQ(oracles_of([] {
              kmem_cache* own = new_cache(40);
              (void)kmem_cache_prefill_sheaf(own, GFP_KERNEL, 1);
              kmem_cache_destroy(own);
            }),
            Ids{"slab-destroy-live"});
  reset_world(2);
}

TEST_F(Slab, CacheOfBootStaysAndNeverFails) {
  plan_faults(FaultMask(1));
  kmem_cache* cache = new_cache(256, 256, SLAB_PANIC);
  ASSERT_NE(cache, nullptr);
  EXPECT_EQ(attempts().size(), 0u);
  EXPECT_EQ(census(), Census{});
  plan_no_faults();
  void* object = kmem_cache_alloc(cache, GFP_ATOMIC);
  EXPECT_EQ(number(object) % 256, 0u);
  kmem_cache_free(cache, object);
}

TEST_F(Slab, CacheIsMadeOfArgumentsToo) {
  kmem_cache_args args{};
  args.align = 64;
  kmem_cache* cache = kmem_cache_create("test", 8, &args, 0);
  void* object = kmem_cache_alloc(cache, GFP_ATOMIC);
  EXPECT_EQ(number(object) % 64, 0u);
  kmem_cache_free(cache, object);
  kmem_cache_destroy(cache);
}

}  // namespace
}  // namespace shim
