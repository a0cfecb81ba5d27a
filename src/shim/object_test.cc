// SPDX-License-Identifier: GPL-2.0-only
#include "object.h"

#include <cstdint>
#include <cstring>
#include <regex>

#include "percpu.h"
#include "slab.h"
#include "world_test.h"

namespace shim {
namespace {

class Objects : public testing::Test {
 protected:
  void SetUp() override { reset_world(2); }
  void TearDown() override { reset_world(2); }

  static unsigned char* cut(size_t size, size_t alignment = 1) {
    return new_object(ObjectKind::kmalloc, nullptr, size, alignment, false, SHIM_SITE).memory;
  }
};

TEST_F(Objects, AreFoundByTheirStartOnly) {
  unsigned char* memory = cut(40);
  ASSERT_NE(object_at(memory), nullptr);
  EXPECT_EQ(object_at(memory)->memory, memory);
  EXPECT_EQ(object_at(memory)->size, 40u);
  for (ptrdiff_t offset : {-16, -1, 1, 16, 40, 48})
    EXPECT_EQ(object_at(memory + offset), nullptr) << offset;
  int local = 0;
  EXPECT_EQ(object_at(&local), nullptr);
  EXPECT_EQ(object_at(nullptr), nullptr);
}

TEST_F(Objects, StayKnownAfterTheirEnd) {
  unsigned char* memory = cut(40);
  retire_object(*object_at(memory), SHIM_SITE);
  ASSERT_NE(object_at(memory), nullptr);
  EXPECT_FALSE(object_at(memory)->live);
  EXPECT_EQ(object_around(memory + 8), object_at(memory));
}

TEST_F(Objects, AreFoundByAnyByteOfTheirMemoryAndRedZones) {
  for (size_t size : {0, 1, 5, 15, 16, 17, 40}) {
    unsigned char* before = cut(size);
    unsigned char* memory = cut(size);
    unsigned char* after = cut(size);
    ptrdiff_t rounded = (size + 15) / 16 * 16;
    for (ptrdiff_t offset = -16; offset < rounded + 16; offset++)
      EXPECT_EQ(object_around(memory + offset), object_at(memory)) << size << " " << offset;
    EXPECT_EQ(object_around(before + rounded + 15), object_at(before));
    EXPECT_EQ(object_around(after - 16), object_at(after));
  }
}

TEST_F(Objects, NoneIsAroundForeignMemory) {
  int local = 0;
  EXPECT_EQ(object_around(&local), nullptr);
  EXPECT_EQ(object_around(nullptr), nullptr);
}

TEST_F(Objects, TheLastIsAroundTheArenaAboveIt) {
  cut(40);
  unsigned char* last = cut(40);
  ASSERT_NE(object_around(last + 4096), nullptr);
  EXPECT_EQ(object_around(last + 4096)->memory, last);
}

TEST_F(Objects, AreIndexedOldestFirst) {
  unsigned char* memory[] = {cut(1), cut(2), cut(3)};
  ASSERT_EQ(object_count(), 3u);
  for (size_t i = 0; i < 3; i++) {
    EXPECT_EQ(object_by_index(i).memory, memory[i]);
    EXPECT_EQ(index_of(object_by_index(i)), i);
  }
}

TEST_F(Objects, AreAlignedAsAsked) {
  for (size_t alignment = 1; alignment <= 4096; alignment *= 2)
    EXPECT_EQ(reinterpret_cast<uintptr_t>(cut(40, alignment)) % alignment, 0u);
}

TEST_F(Objects, AreCountedByKindWhileTheyLive) {
  unsigned char* memory = cut(40);
  cut(40);
  void* percpu = __alloc_percpu(8, 8);
  EXPECT_EQ(live_objects(ObjectKind::kmalloc), 2u);
  EXPECT_EQ(live_objects(ObjectKind::percpu), 1u);
  EXPECT_EQ(live_objects(ObjectKind::percpu_copy), 2u);
  EXPECT_EQ(live_objects(ObjectKind::cache_object), 0u);
  retire_object(*object_at(memory), SHIM_SITE);
  free_percpu(percpu);
  EXPECT_EQ(live_objects(ObjectKind::kmalloc), 1u);
  EXPECT_EQ(live_objects(ObjectKind::percpu), 0u);
  EXPECT_EQ(live_objects(ObjectKind::percpu_copy), 0u);
}

TEST_F(Objects, RememberTheOperationsOfTheirLife) {
  EXPECT_EQ(current_operation(), outside_program);
  set_current_operation(3);
  unsigned char* memory = cut(40);
  set_current_operation(9);
  retire_object(*object_at(memory), SHIM_SITE);
  EXPECT_EQ(object_at(memory)->allocated_by_operation, 3u);
  EXPECT_EQ(object_at(memory)->freed_by_operation, 9u);
}

// The description, in which every line of this file becomes "here".
std::string told_of(const Object& object) {
  static const std::regex line(" \\(src/shim/object_test\\.cc:[0-9]+\\)");
  return std::regex_replace(describe(object), line, " (here)");
}

void* allocate_iova(kmem_cache* cache) { return kmem_cache_alloc(cache, GFP_KERNEL); }
void free_iova(kmem_cache* cache, void* object) { kmem_cache_free(cache, object); }

TEST_F(Objects, TellTheirLife) {
  kmem_cache* cache = kmem_cache_create("iommu_iova", 40, 0, 0, nullptr);
  set_current_operation(3);
  void* object = allocate_iova(cache);
  EXPECT_EQ(told_of(*object_at(object)),
            "40 bytes of cache iommu_iova, allocated in allocate_iova() (here) by operation 3");
  set_current_operation(outside_program);
  free_iova(cache, object);
  EXPECT_EQ(told_of(*object_at(object)),
            "40 bytes of cache iommu_iova, allocated in allocate_iova() (here) by operation 3, "
            "freed in free_iova() (here)");
  EXPECT_EQ(told_of(*object_at(kmalloc(56, GFP_KERNEL))),
            "56 bytes of kmalloc memory, allocated in TestBody() (here)");
  void* percpu = __alloc_percpu(24, 8);
  EXPECT_EQ(told_of(*object_at(percpu)), "per-CPU memory, allocated in TestBody() (here)");
  EXPECT_EQ(told_of(object_by_index(object_count() - 1)),
            "24 bytes of one CPU's copy of per-CPU memory, allocated in TestBody() (here)");
}

TEST_F(Objects, MostOfThoseThatLiveAreOfOneKind) {
  EXPECT_EQ(most_live_slab_objects().one, nullptr);
  kmem_cache* cache = kmem_cache_create("iommu_iova", 40, 0, 0, nullptr);
  for (int i = 0; i < 3; i++) allocate_iova(cache);
  for (int i = 0; i < 3; i++) free_iova(cache, allocate_iova(cache));
  for (int i = 0; i < 2; i++) kmalloc(40, GFP_KERNEL);
  EXPECT_EQ(most_live_slab_objects().count, 3u);
  EXPECT_EQ(kind_of(*most_live_slab_objects().one), "iommu_iova, allocated in allocate_iova()");
}

TEST_F(Objects, AreFreshInEachRunHoweverMuchTheOneBeforeWrote) {
  constexpr size_t size = size_t{24} << 20;
  for (int run = 0; run < 2; run++) {
    unsigned char* memory = cut(size);
    EXPECT_TRUE(all_bytes(memory, size, 0xff));
    memset(memory, 0x42, size);
    retire_object(*object_at(memory), SHIM_SITE);
    reset_world(2);
  }
}

}  // namespace
}  // namespace shim
