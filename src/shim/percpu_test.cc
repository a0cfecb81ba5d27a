// SPDX-License-Identifier: GPL-2.0-only
#include "percpu.h"

#include <cstdint>
#include <cstring>

#include "cpu.h"
#include "locks.h"
#include "sanitizer.h"
#include "slab.h"
#include "types.h"
#include "world_test.h"

namespace shim {
namespace {

class PerCpu : public WorldTest {};
class PerCpuDeathTest : public WorldTest {};

char* allocate(size_t size, size_t align) {
  return static_cast<char*>(__alloc_percpu(size, align));
}

TEST_F(PerCpu, NullMayBeFreed) {
  void* no_object = nullptr;
  free_percpu(no_object);
}

TEST_F(PerCpu, CopiesAreZeroed) {
  char* object = allocate(100, 8);
  for (unsigned cpu = 0; cpu < 2; cpu++) EXPECT_TRUE(all_bytes(per_cpu_ptr(object, cpu), 100, 0));
  free_percpu(object);
}

TEST_F(PerCpu, CopiesAreAligned) {
  for (size_t align = 1; align <= PAGE_SIZE; align *= 2) {
    char* object = allocate(24, align);
    for (unsigned cpu = 0; cpu < 2; cpu++)
      EXPECT_EQ(reinterpret_cast<uintptr_t>(per_cpu_ptr(object, cpu)) % align, 0u);
    free_percpu(object);
  }
}

TEST_F(PerCpu, EveryPossibleCpuHasItsOwnCopy) {
  reset_world(SHIM_MAX_CPUS);
  char* object = allocate(24, 8);
  for (unsigned cpu = 0; cpu < SHIM_MAX_CPUS; cpu++) memset(per_cpu_ptr(object, cpu), cpu, 24);
  for (unsigned cpu = 0; cpu < SHIM_MAX_CPUS; cpu++)
    EXPECT_TRUE(all_bytes(per_cpu_ptr(object, cpu), 24, cpu));
  free_percpu(object);
}

TEST_F(PerCpu, CopyOfACpuStaysTheSame) {
  char* object = allocate(24, 8);
  EXPECT_EQ(per_cpu_ptr(object, 1), per_cpu_ptr(object, 1));
  free_percpu(object);
}

TEST_F(PerCpu, OfflineCpuKeepsItsCopy) {
  char* object = allocate(24, 8);
  *per_cpu_ptr(object, 1) = 42;
  shim_cpu_offline(1);
  EXPECT_EQ(*per_cpu_ptr(object, 1), 42);
  free_percpu(object);
}

TEST_F(PerCpu, RawCpuPtrFollowsTheCurrentCpu) {
  char* object = allocate(24, 8);
  EXPECT_EQ(raw_cpu_ptr(object), per_cpu_ptr(object, 0));
  shim_set_current_cpu(1);
  EXPECT_EQ(raw_cpu_ptr(object), per_cpu_ptr(object, 1));
  free_percpu(object);
}

TEST_F(PerCpu, MemoryIsNotReusedWithinARun) {
  char* first = allocate(24, 8);
  char* copy = per_cpu_ptr(first, 0);
  free_percpu(first);
  char* second = allocate(24, 8);
  EXPECT_NE(first, second);
  EXPECT_NE(copy, per_cpu_ptr(second, 0));
  free_percpu(second);
}

TEST_F(PerCpu, SizeAndAlignmentHaveLimits) {
  free_percpu(allocate(PCPU_MIN_UNIT_SIZE, PAGE_SIZE));
  Ids refused = {"percpu-bad-size"};
  char* object = nullptr;
  EXPECT_EQ(oracles_of([&] { object = allocate(0, 8); }), refused);
  EXPECT_EQ(oracles_of([&] { object = allocate(PCPU_MIN_UNIT_SIZE + 1, 8); }), refused);
  EXPECT_EQ(oracles_of([&] { object = allocate(8, 0); }), refused);
  EXPECT_EQ(oracles_of([&] { object = allocate(8, 24); }), refused);
  EXPECT_EQ(oracles_of([&] { object = allocate(8, 2 * PAGE_SIZE); }), refused);
  EXPECT_EQ(object, nullptr);
}

TEST_F(PerCpu, AllocationMaySleep) {
  shim_irq_enter();
  char* object;
  EXPECT_EQ(oracles_of([&] { object = allocate(8, 8); }), Ids{"sleep-in-atomic"});
  shim_irq_exit();
  free_percpu(object);
}

TEST_F(PerCpu, AccessesOfThisCpuTakeTheObjectOrItsMember) {
  shim_set_current_cpu(1);
  for (size_t size : {8, 24, 4096}) {
    char *before = allocate(size, 8), *object = allocate(size, 64), *after = allocate(size, 8);
    for (size_t offset : {size_t{0}, size / 2, size - 1})
      EXPECT_EQ(shim_this_cpu_update(object + offset, SHIM_SITE), per_cpu_ptr(object, 1) + offset);
    EXPECT_EQ(shim_this_cpu_access(after, SHIM_SITE), per_cpu_ptr(after, 1));
    EXPECT_EQ(oracles_of([&] { shim_this_cpu_plain(object, SHIM_SITE); }).size(), 1u);
    for (char* each : {before, object, after}) free_percpu(each);
  }
}

TEST_F(PerCpuDeathTest, AccessesOfThisCpuTakeNothingElse) {
  char *object = allocate(24, 8), *freed = allocate(24, 8);
  int elsewhere = 0;
  free_percpu(freed);
  EXPECT_DEATH(shim_this_cpu_access(&elsewhere, SHIM_SITE), "^percpu-foreign: ");
  EXPECT_DEATH(shim_this_cpu_update(object + 24, SHIM_SITE), "^percpu-foreign: ");
  EXPECT_DEATH(shim_this_cpu_update(freed + 8, SHIM_SITE), "^percpu-use-after-free: ");
  free_percpu(object);
}

TEST_F(PerCpu, SlabAndPerCpuMemoryAreFreedByTheirOwnCalls) {
  char* object = allocate(24, 8);
  void* memory = kmalloc(24, GFP_KERNEL);
  EXPECT_EQ(oracles_of([&] { kfree(object); }), Ids{"slab-free-foreign"});
  EXPECT_EQ(oracles_of([&] { kfree(per_cpu_ptr(object, 0)); }), Ids{"slab-free-foreign"});
  EXPECT_EQ(oracles_of([&] { free_percpu(memory); }), Ids{"percpu-free-foreign"});
  EXPECT_EQ(oracles_of([&] { free_percpu(per_cpu_ptr(object, 0)); }), Ids{"percpu-free-foreign"});
  kfree(memory);
  free_percpu(object);
}

TEST_F(PerCpuDeathTest, HandleMustNotBeDereferenced) {
  auto dereference = [] {
    catch_sanitizer_reports();
    char* object = allocate(24, 8);
    overwrite(object, 0);
    free_percpu(object);
  };
  EXPECT_DEATH(dereference(), "slab-out-of-bounds: ");
}

TEST_F(PerCpuDeathTest, CopiesDieWithTheObject) {
  auto use_after_free = [] {
    catch_sanitizer_reports();
    char* object = allocate(24, 8);
    char* copy = per_cpu_ptr(object, 1);
    free_percpu(object);
    overwrite(copy, 0);
    check_end_of_run();
  };
  EXPECT_DEATH(use_after_free(), "slab-use-after-free: ");
}

TEST_F(PerCpuDeathTest, LockHeldInACopyIsFoundOnFree) {
  auto free_held_lock = [] {
    spinlock_t* object = static_cast<spinlock_t*>(__alloc_percpu(sizeof(spinlock_t), 8));
    spinlock_t* copy = per_cpu_ptr(object, 1);
    spin_lock_init(copy);
    spin_lock(copy);
    free_percpu(object);
  };
  EXPECT_DEATH(free_held_lock(), "^lock-freed-held: ");
}

}  // namespace
}  // namespace shim
