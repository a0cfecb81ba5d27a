// SPDX-License-Identifier: GPL-2.0-only
#include "slab.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>

#include "cache.h"
#include "context.h"
#include "fault.h"
#include "finding.h"
#include "footprint.h"
#include "locks.h"
#include "object.h"
#include "types.h"
#include "world.h"

// A sheaf is a count: its objects are allocated from the arena only when they are taken.
struct slab_sheaf {
  kmem_cache* cache;
  unsigned size;
  bool is_returned;
  const shim_site* prefilled_at;
};

namespace shim {
namespace {

constexpr size_t max_caches = 8192;  // in a run, destroyed ones included
kmem_cache caches[max_caches];
size_t caches_in_run, caches_alive;
std::deque<slab_sheaf> sheaves;  // of the run; their addresses are stable
size_t sheaves_out;

bool known(const kmem_cache* cache) {
  size_t offset = reinterpret_cast<uintptr_t>(cache) - reinterpret_cast<uintptr_t>(caches);
  return offset < caches_in_run * sizeof caches[0] && offset % sizeof caches[0] == 0;
}

std::string describe_cache(const kmem_cache& cache) {
  std::string text =
      fmt::format("cache {} created in {}()", cache.name, cache.created_at->function);
  if (cache.destroyed) text += fmt::format(", destroyed in {}()", cache.destroyed_at->function);
  return text;
}

void require_usable(const kmem_cache* cache, const shim_site* site) {
  note_read(cache);
  if (!cache)
    raise(oracle::slab_null_cache, site, "the cache was never created, or its creation failed");
  else if (!known(cache))
    raise(oracle::slab_foreign_cache, site, "the pointer does not come from kmem_cache_create()");
  else if (cache->destroyed)
    raise(oracle::slab_destroyed_cache, site, describe_cache(*cache));
}

void sleeps_if_allowed(gfp_t gfp, const shim_site* site) {
  if (gfp & __GFP_DIRECT_RECLAIM) (might_sleep)(site);
}

bool is_slab(const Object& object) {
  return object.kind == ObjectKind::kmalloc || object.kind == ObjectKind::cache_object;
}

// The live object at this address; NULL, after raising a finding, if none may be freed there.
Object* freeable(const void* address, const shim_site* site) {
  Object* object = object_at(address);
  if (!object || !is_slab(*object)) {
    Object* around = object ? object : object_around(address);
    if (around && is_slab(*around) && address > around->memory &&
        address < around->memory + around->size)
      raise(oracle::slab_free_interior, site, describe(*around), address);
    else
      raise(oracle::slab_free_foreign, site, "the pointer does not come from a slab allocation",
            address);
    return nullptr;
  }
  if (!object->live) {
    raise(oracle::slab_double_free, site, describe(*object), address);
    return nullptr;
  }
  return object;
}

// Raises a finding unless the sheaf is of this cache and not returned.
void require_sheaf(const kmem_cache* cache, const slab_sheaf* sheaf, const shim_site* site) {
  require_usable(cache, site);
  for (const slab_sheaf& known : sheaves)
    if (&known == sheaf && !known.is_returned && known.cache == cache) return;
  raise(oracle::slab_sheaf_foreign, site, fmt::format("cache {}", cache->name), sheaf);
}

void* new_cache_object(kmem_cache* cache, gfp_t gfp, const shim_site* site) {
  Object& object = new_object(ObjectKind::cache_object, cache, cache->size, cache->alignment,
                              gfp & __GFP_ZERO, site);
  if (cache->constructor) cache->constructor(object.memory);
  return object.memory;
}

const Oracle& leak_of(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::percpu: return oracle::percpu_leak;
    case ObjectKind::vmalloc: return oracle::vmalloc_leak;
    case ObjectKind::page: return oracle::page_leak;
    default: return oracle::slab_leak;
  }
}

void free_object(Object& object, const shim_site* site) {
  check_freed_memory(object.memory, object.size, site);
  retire_object(object, site);
}

}  // namespace

void facility::reset_slab() {
  reset_objects();
  caches_in_run = caches_alive = sheaves_out = 0;
  sheaves.clear();
}

size_t facility::live_caches() { return caches_alive; }
size_t facility::live_sheaves() { return sheaves_out; }

void facility::check_slab_at_end() {
  for (size_t i = 0; i < object_count(); i++) {
    Object& object = object_by_index(i);
    const shim_site* site = object.live ? object.allocated_at : object.freed_at;
    check_poison(object, site);
    if (!object.live || object.kind == ObjectKind::percpu_copy) continue;
    raise(leak_of(object.kind), site, describe(object), object.memory);
  }
  for (const slab_sheaf& sheaf : sheaves)
    if (!sheaf.is_returned)
      raise(oracle::slab_sheaf_left, sheaf.prefilled_at,
            fmt::format("{} objects of cache {}", sheaf.size, sheaf.cache->name));
  for (size_t i = 0; i < caches_in_run; i++)
    if (!caches[i].destroyed && !caches[i].is_permanent)
      raise(oracle::slab_cache_left, caches[i].created_at, describe_cache(caches[i]));
}

}  // namespace shim

using namespace shim;

extern "C" {

kmem_cache*(kmem_cache_create)(const char* name, unsigned size, unsigned align, slab_flags_t flags,
                               void (*ctor)(void*), const shim_site* site) {
  (might_sleep)(site);
  if (size == 0) {
    raise(oracle::slab_zero_size, site, fmt::format("cache {}", name));
    return nullptr;
  }
  bool is_permanent = flags & SLAB_PANIC;
  if (!is_permanent && should_fail(FallibleCall::cache_create, name, size, GFP_KERNEL, site))
    return nullptr;
  if (caches_in_run == max_caches) {
    fmt::print(stderr, "the shim supports at most {} caches\n", max_caches);
    abort();
  }
  kmem_cache& cache = caches[caches_in_run++];
  caches_alive += !is_permanent;
  size_t alignment = align ? align : sizeof(void*);
  if (flags & SLAB_HWCACHE_ALIGN && size > SHIM_CACHE_LINE / 2)
    alignment = std::max<size_t>(alignment, SHIM_CACHE_LINE);
  cache = {name, size, alignment, ctor, 0, false, is_permanent, site, nullptr};
  return &cache;
}

kmem_cache* shim_kmem_cache_create_args(const char* name, unsigned size,
                                        const kmem_cache_args* args, slab_flags_t flags,
                                        const shim_site* site) {
  static constexpr kmem_cache_args none{};
  if (!args) args = &none;
  return (kmem_cache_create)(name, size, args->align, flags, args->ctor, site);
}

void(kmem_cache_destroy)(kmem_cache* cache, const shim_site* site) {
  scheduling_point("before kmem_cache_destroy()", site);
  note_change(cache);
  if (!cache) return;
  (might_sleep)(site);
  if (!known(cache)) {
    raise(oracle::slab_destroy_foreign, site, "the pointer does not come from kmem_cache_create()");
    return;
  }
  if (cache->destroyed) {
    raise(oracle::slab_destroy_twice, site, describe_cache(*cache));
    return;
  }
  facility::finish_kfree_rcu(cache);
  bool has_sheaves = std::any_of(sheaves.begin(), sheaves.end(), [&](const slab_sheaf& sheaf) {
    return sheaf.cache == cache && !sheaf.is_returned;
  });
  if (cache->live || has_sheaves) {
    std::string values = describe_cache(*cache);
    if (has_sheaves) values += "\n  a sheaf of the cache was not returned";
    for (size_t i = 0; i < object_count(); i++) {
      const Object& object = object_by_index(i);
      if (object.live && object.cache == cache) values += "\n  live: " + describe(object);
    }
    raise(oracle::slab_destroy_live, site, values);
  }
  cache->destroyed = true;
  caches_alive -= !cache->is_permanent;
  cache->destroyed_at = site;
}

void*(kmem_cache_alloc)(kmem_cache* cache, gfp_t gfp, const shim_site* site) {
  sleeps_if_allowed(gfp, site);
  require_usable(cache, site);
  if (should_fail(FallibleCall::slab_alloc, cache->name, cache->size, gfp, site)) return nullptr;
  return new_cache_object(cache, gfp, site);
}

int(kmem_cache_alloc_bulk)(kmem_cache* cache, gfp_t gfp, size_t n, void** objects,
                           const shim_site* site) {
  sleeps_if_allowed(gfp, site);
  require_usable(cache, site);
  if (!n || should_fail(FallibleCall::slab_bulk, cache->name, n * cache->size, gfp, site)) return 0;
  for (size_t i = 0; i < n; i++) objects[i] = new_cache_object(cache, gfp, site);
  return static_cast<int>(n);
}

void(kmem_cache_free_bulk)(kmem_cache* cache, size_t n, void** objects, const shim_site* site) {
  scheduling_point("before kmem_cache_free_bulk()", site);
  for (size_t i = 0; i < n; i++)
    cache ? (kmem_cache_free)(cache, objects[i], site) : (kfree)(objects[i], site);
}

slab_sheaf*(kmem_cache_prefill_sheaf)(kmem_cache* cache, gfp_t gfp, unsigned n,
                                      const shim_site* site) {
  sleeps_if_allowed(gfp, site);
  require_usable(cache, site);
  if (should_fail(FallibleCall::slab_prefill, cache->name, n * cache->size, gfp, site))
    return nullptr;
  sheaves_out++;
  return &sheaves.emplace_back(slab_sheaf{cache, n, false, site});
}

int(kmem_cache_refill_sheaf)(kmem_cache* cache, gfp_t gfp, slab_sheaf** sheaf, unsigned n,
                             const shim_site* site) {
  sleeps_if_allowed(gfp, site);
  require_sheaf(cache, *sheaf, site);
  if ((*sheaf)->size >= n) return 0;
  size_t bytes = (n - (*sheaf)->size) * cache->size;
  if (should_fail(FallibleCall::slab_prefill, cache->name, bytes, gfp, site)) return -ENOMEM;
  (*sheaf)->size = n;
  return 0;
}

void*(kmem_cache_alloc_from_sheaf)(kmem_cache* cache, gfp_t gfp, slab_sheaf* sheaf,
                                   const shim_site* site) {
  scheduling_point("before kmem_cache_alloc_from_sheaf()", site);
  require_sheaf(cache, sheaf, site);
  if (!sheaf->size) return nullptr;
  sheaf->size--;
  return new_cache_object(cache, gfp, site);
}

unsigned kmem_cache_sheaf_size(const slab_sheaf* sheaf) { return sheaf->size; }

void(kmem_cache_return_sheaf)(kmem_cache* cache, gfp_t, slab_sheaf* sheaf, const shim_site* site) {
  scheduling_point("before kmem_cache_return_sheaf()", site);
  require_sheaf(cache, sheaf, site);
  sheaf->is_returned = true;
  sheaves_out--;
}

void(kmem_cache_free)(kmem_cache* cache, void* address, const shim_site* site) {
  scheduling_point("before kmem_cache_free()", site);
  require_usable(cache, site);
  if (!address) {
    raise(oracle::slab_free_null, site, fmt::format("cache {}", cache->name));
    return;
  }
  Object* object = freeable(address, site);
  if (!object) return;
  if (object->cache != cache) {
    raise(oracle::slab_free_other_cache, site,
          fmt::format("into cache {}: {}", cache->name, describe(*object)), address);
    return;
  }
  free_object(*object, site);
}

void*(kmalloc)(size_t size, gfp_t gfp, const shim_site* site) {
  sleeps_if_allowed(gfp, site);
  if (should_fail(FallibleCall::kmalloc, nullptr, size, gfp, site)) return nullptr;
  return new_object(ObjectKind::kmalloc, nullptr, size, alignof(max_align_t), gfp & __GFP_ZERO,
                    site)
      .memory;
}

void*(kmalloc_array)(size_t n, size_t size, gfp_t gfp, const shim_site* site) {
  size_t bytes;
  if (__builtin_mul_overflow(n, size, &bytes)) return nullptr;
  return (kmalloc)(bytes, gfp, site);
}

void(kfree)(const void* address, const shim_site* site) {
  scheduling_point("before kfree()", site);
  if (!address) return;
  Object* object = freeable(address, site);
  if (!object) return;
  free_object(*object, site);
}

void*(vmalloc)(size_t size, const shim_site* site) {
  (might_sleep)(site);
  if (should_fail(FallibleCall::vmalloc, nullptr, size, GFP_KERNEL, site)) return nullptr;
  return new_object(ObjectKind::vmalloc, nullptr, size, PAGE_SIZE, false, site).memory;
}

void(vfree)(const void* address, const shim_site* site) {
  scheduling_point("before vfree()", site);
  (might_sleep)(site);
  if (!address) return;
  Object* object = object_at(address);
  if (!object || object->kind != ObjectKind::vmalloc) {
    raise(oracle::vmalloc_free_foreign, site, "the pointer does not come from vmalloc()", address);
    return;
  }
  if (!object->live) {
    raise(oracle::vmalloc_double_free, site, describe(*object), address);
    return;
  }
  free_object(*object, site);
}

}  // extern "C"
