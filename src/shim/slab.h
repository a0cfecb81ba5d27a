/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slab: named object caches and kmalloc memory, as strict as their contract (linux/slab.h, v6.12);
 * and vmalloc memory (linux/vmalloc.h).
 *
 * All memory comes from one arena. Nothing is reused within a run, fresh memory is 0xff unless it
 * was asked to be zero, freed memory is poisoned, and every object has red zones. Every allocation
 * and kmem_cache_create() passes the fault plan (fault.h) and may return NULL for it.
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

#define __GFP_DIRECT_RECLAIM 0x1u /* the caller may sleep */
#define __GFP_HIGH 0x2u
#define __GFP_NOWARN 0x4u
#define __GFP_ZERO 0x8u
#define GFP_KERNEL __GFP_DIRECT_RECLAIM
#define GFP_ATOMIC __GFP_HIGH

#define SLAB_HWCACHE_ALIGN 0x1u

/* NULL when the fault plan says so. align 0 means the natural alignment. May sleep. */
struct kmem_cache* kmem_cache_create(const char* name, unsigned int size, unsigned int align,
                                     slab_flags_t flags, void (*ctor)(void*),
                                     const struct shim_site* site);
/* NULL is fine; live objects, a second destroy and foreign pointers are not. May sleep. */
void kmem_cache_destroy(struct kmem_cache* cache, const struct shim_site* site);
void* kmem_cache_alloc(struct kmem_cache* cache, gfp_t gfp, const struct shim_site* site);
/* Unlike kfree(), not with NULL. */
void kmem_cache_free(struct kmem_cache* cache, void* object, const struct shim_site* site);

void* kmalloc(size_t size, gfp_t gfp, const struct shim_site* site);
/* NULL when n * size overflows. */
void* kmalloc_array(size_t n, size_t size, gfp_t gfp, const struct shim_site* site);
/* NULL is fine. */
void kfree(const void* object, const struct shim_site* site);

/* Whole pages, for what is large. NULL when the fault plan says so. May sleep. */
void* vmalloc(size_t size, const struct shim_site* site);
/* NULL is fine. May sleep. */
void vfree(const void* memory, const struct shim_site* site);

#ifdef __cplusplus
}
#endif

#define kmem_cache_create(name, size, align, flags, ctor) \
  kmem_cache_create(name, size, align, flags, ctor, SHIM_SITE)
#define kmem_cache_destroy(cache) kmem_cache_destroy(cache, SHIM_SITE)
#define kmem_cache_alloc(cache, gfp) kmem_cache_alloc(cache, gfp, SHIM_SITE)
#define kmem_cache_zalloc(cache, gfp) kmem_cache_alloc(cache, (gfp) | __GFP_ZERO)
#define kmem_cache_free(cache, object) kmem_cache_free(cache, object, SHIM_SITE)
#define kmalloc(size, gfp) kmalloc(size, gfp, SHIM_SITE)
#define kzalloc(size, gfp) kmalloc(size, (gfp) | __GFP_ZERO)
#define kmalloc_array(n, size, gfp) kmalloc_array(n, size, gfp, SHIM_SITE)
#define kcalloc(n, size, gfp) kmalloc_array(n, size, (gfp) | __GFP_ZERO)
#define kfree(object) kfree(object, SHIM_SITE)
#define vmalloc(size) vmalloc(size, SHIM_SITE)
#define vfree(memory) vfree(memory, SHIM_SITE)

#endif
