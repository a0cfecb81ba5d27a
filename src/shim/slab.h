/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slab: named object caches and kmalloc memory, as strict as their contract (linux/slab.h, v6.12;
 * sheaves, v6.18); and vmalloc memory (linux/vmalloc.h).
 *
 * All memory comes from one arena. Nothing is reused within a run, fresh memory is 0xff unless
 * zeroed memory was requested, freed memory is poisoned, and every object has red zones. Every
 * allocation and kmem_cache_create() consults the fault plan (fault.h), which may make it fail.
 * Sizes are bytes. Broken rules are findings (oracles.inc, slab-*).
 */
#ifndef IOVAFUZZ_SHIM_SLAB_H
#define IOVAFUZZ_SHIM_SLAB_H

#include <stddef.h>

#include "site.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef unsigned int gfp_t;
typedef unsigned int slab_flags_t;
struct kmem_cache;
struct slab_sheaf;

/* The optional properties of a new cache (v6.12; sheaf_capacity, v6.18). */
struct kmem_cache_args {
  unsigned int align;
  unsigned int sheaf_capacity; /* objects in a CPU's sheaf; ignored here */
  void (*ctor)(void* object);
};

#define __GFP_DIRECT_RECLAIM 0x1u /* the caller may sleep */
#define __GFP_HIGH 0x2u
#define __GFP_NOWARN 0x4u
#define __GFP_ZERO 0x8u
#define __GFP_ACCOUNT 0x10u
#define __GFP_KSWAPD_RECLAIM 0x20u
#define __GFP_NOFAIL 0x40u /* waits for memory and never fails */
#define GFP_KERNEL __GFP_DIRECT_RECLAIM
#define GFP_ATOMIC __GFP_HIGH
/* Does not wait for memory: its callers have a fallback. */
#define GFP_NOWAIT __GFP_KSWAPD_RECLAIM
#define gfpflags_allow_blocking(gfp) (!!((gfp)&__GFP_DIRECT_RECLAIM))

#define SLAB_HWCACHE_ALIGN 0x1u
/* Creation never fails. Caches of this kind are created at boot and never destroyed. */
#define SLAB_PANIC 0x2u

/* NULL when the fault plan says so. align 0 means the natural alignment. May sleep. */
struct kmem_cache* kmem_cache_create(const char* name, unsigned int size, unsigned int align,
                                     slab_flags_t flags, void (*ctor)(void*),
                                     const struct shim_site* site);
struct kmem_cache* shim_kmem_cache_create_args(const char* name, unsigned int size,
                                               const struct kmem_cache_args* args,
                                               slab_flags_t flags, const struct shim_site* site);
/* Ignores NULL; live objects, a second destroy and foreign pointers are findings. May sleep. */
void kmem_cache_destroy(struct kmem_cache* cache, const struct shim_site* site);
void* kmem_cache_alloc(struct kmem_cache* cache, gfp_t gfp, const struct shim_site* site);
/* Unlike kfree(), does not accept NULL. */
void kmem_cache_free(struct kmem_cache* cache, void* object, const struct shim_site* site);
/* Allocates n objects and returns n, or allocates none and returns 0. */
int kmem_cache_alloc_bulk(struct kmem_cache* cache, gfp_t gfp, size_t n, void** objects,
                          const struct shim_site* site);
/* Frees each object with kmem_cache_free(), or with kfree() if cache is NULL. */
void kmem_cache_free_bulk(struct kmem_cache* cache, size_t n, void** objects,
                          const struct shim_site* site);

/*
 * A sheaf (v6.18) sets n objects of a cache aside, so that n allocations cannot fail later. It must
 * be returned to its cache. NULL when the fault plan says so.
 */
struct slab_sheaf* kmem_cache_prefill_sheaf(struct kmem_cache* cache, gfp_t gfp, unsigned int n,
                                            const struct shim_site* site);
/* Fills the sheaf up to n objects. 0, or -ENOMEM when the fault plan says so; the sheaf is then
 * unchanged. */
int kmem_cache_refill_sheaf(struct kmem_cache* cache, gfp_t gfp, struct slab_sheaf** sheaf,
                            unsigned int n, const struct shim_site* site);
/* NULL if the sheaf is empty. */
void* kmem_cache_alloc_from_sheaf(struct kmem_cache* cache, gfp_t gfp, struct slab_sheaf* sheaf,
                                  const struct shim_site* site);
unsigned int kmem_cache_sheaf_size(const struct slab_sheaf* sheaf);
void kmem_cache_return_sheaf(struct kmem_cache* cache, gfp_t gfp, struct slab_sheaf* sheaf,
                             const struct shim_site* site);

void* kmalloc(size_t size, gfp_t gfp, const struct shim_site* site);
/* NULL when n * size overflows. */
void* kmalloc_array(size_t n, size_t size, gfp_t gfp, const struct shim_site* site);
/* Frees memory of kmalloc() or of any cache (v6.4). Ignores NULL. */
void kfree(const void* object, const struct shim_site* site);

/* Large memory in whole pages. NULL when the fault plan says so. May sleep. */
void* vmalloc(size_t size, const struct shim_site* site);
/* Ignores NULL. May sleep. */
void vfree(const void* memory, const struct shim_site* site);

#ifdef __cplusplus
}
#endif

/* kmem_cache_create() takes alignment, flags and constructor, or kmem_cache_args and flags. */
#define SHIM_CREATE(name, size, align, flags, ctor) \
  (kmem_cache_create)(name, size, align, flags, ctor, SHIM_SITE)
#define SHIM_CREATE_ARGS(name, size, args, flags) \
  shim_kmem_cache_create_args(name, size, args, flags, SHIM_SITE)
#define SHIM_SIXTH(a, b, c, d, e, sixth, ...) sixth
#define kmem_cache_create(...)                                                              \
  SHIM_SIXTH(__VA_ARGS__, SHIM_CREATE, SHIM_CREATE_ARGS, no_such_kmem_cache_create, none, ) \
  (__VA_ARGS__)
#define kmem_cache_destroy(cache) kmem_cache_destroy(cache, SHIM_SITE)
#define kmem_cache_alloc(cache, gfp) kmem_cache_alloc(cache, gfp, SHIM_SITE)
#define kmem_cache_zalloc(cache, gfp) kmem_cache_alloc(cache, (gfp) | __GFP_ZERO)
#define kmem_cache_free(cache, object) kmem_cache_free(cache, object, SHIM_SITE)
#define kmem_cache_alloc_bulk(cache, gfp, n, objects) \
  kmem_cache_alloc_bulk(cache, gfp, n, objects, SHIM_SITE)
#define kmem_cache_free_bulk(cache, n, objects) kmem_cache_free_bulk(cache, n, objects, SHIM_SITE)
#define kfree_bulk(n, objects) kmem_cache_free_bulk(NULL, n, objects)
#define kmem_cache_prefill_sheaf(cache, gfp, n) kmem_cache_prefill_sheaf(cache, gfp, n, SHIM_SITE)
#define kmem_cache_refill_sheaf(cache, gfp, sheaf, n) \
  kmem_cache_refill_sheaf(cache, gfp, sheaf, n, SHIM_SITE)
#define kmem_cache_alloc_from_sheaf(cache, gfp, sheaf) \
  kmem_cache_alloc_from_sheaf(cache, gfp, sheaf, SHIM_SITE)
#define kmem_cache_return_sheaf(cache, gfp, sheaf) \
  kmem_cache_return_sheaf(cache, gfp, sheaf, SHIM_SITE)
#define kmalloc(size, gfp) kmalloc(size, gfp, SHIM_SITE)
#define kzalloc(size, gfp) kmalloc(size, (gfp) | __GFP_ZERO)
#define kmalloc_array(n, size, gfp) kmalloc_array(n, size, gfp, SHIM_SITE)
#define kcalloc(n, size, gfp) kmalloc_array(n, size, (gfp) | __GFP_ZERO)
#define kfree(object) kfree(object, SHIM_SITE)
#define vmalloc(size) vmalloc(size, SHIM_SITE)
#define vfree(memory) vfree(memory, SHIM_SITE)

#endif
