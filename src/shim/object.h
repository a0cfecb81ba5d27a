// SPDX-License-Identifier: GPL-2.0-only
// The ledger of objects: every allocation of a run, with the call sites and the program operations
// that allocated and freed it. All memory that the shim hands out comes from its arena.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "site.h"

struct kmem_cache;

namespace shim {

enum class ObjectKind : uint8_t { kmalloc, cache_object, percpu, percpu_copy, vmalloc, page };
inline constexpr size_t object_kinds = 6;

struct Object {
  unsigned char* memory;
  size_t size;  // bytes asked for
  ObjectKind kind;
  bool live;
  uint32_t allocated_by_operation;  // index of the program's operation
  uint32_t freed_by_operation;
  const kmem_cache* cache;  // NULL unless a cache_object
  const shim_site* allocated_at;
  const shim_site* freed_at;
};

// Index of the program's running operation; the ledger keeps it for reports.
inline constexpr uint32_t outside_program = UINT32_MAX;
void set_current_operation(uint32_t index);
uint32_t current_operation();

// Allocates an object of fresh memory, filled with 0xff or zeroed. alignment is a power of two. The
// reference is valid until the next call.
Object& new_object(ObjectKind kind, const kmem_cache* cache, size_t size, size_t alignment,
                   bool zeroed, const shim_site* site);
// Poisons the object; it stays in the ledger. The object must be live.
void retire_object(Object& object, const shim_site* site);

// The object that starts at the address, live or not; NULL if none does.
Object* object_at(const void* address);
// The object (live or not) whose memory or red zones hold the address, or the nearest below it;
// NULL outside the arena.
Object* object_around(const void* address);

// The object whose unwritten or freed memory has this origin (unset_memory.h), or NULL.
const Object* origin_object(uint32_t origin);

const unsigned char* end_of_objects();  // the next object starts here or above
size_t live_objects(ObjectKind kind);
size_t live_slab_objects();  // of kmalloc() and of caches
// Live slab objects of one cache that were allocated in one place.
struct LiveObjects {
  const Object* one;  // one of them; NULL if there are none
  size_t count;
};
// The largest such group.
LiveObjects most_live_slab_objects();
std::string kind_of(const Object& object);  // "iommu_iova, allocated in alloc_iova_mem()"
// All objects of the run, oldest first, in one array.
size_t object_count();
Object& object_by_index(size_t index);
size_t index_of(const Object& object);

// Raises slab_out_of_bounds or slab_use_after_free if poison was overwritten. Only builds without
// AddressSanitizer check; with it, the write itself is reported (sanitizer.cc).
void check_poison(Object& object, const shim_site* site);

// "40 bytes of iommu_iova, allocated in alloc_iova_mem() by operation 3, freed ..."
std::string describe(const Object& object);

void reset_objects();

}  // namespace shim
