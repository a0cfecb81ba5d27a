/* SPDX-License-Identifier: GPL-2.0-only */
/* Slab, with the allocation helpers that newer trees use. */
#ifndef IOVAFUZZ_LINUX_SLAB_H
#define IOVAFUZZ_LINUX_SLAB_H

#include <linux/gfp.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/sched/mm.h>
#include <linux/workqueue.h>
#include "shim/slab.h"

#define KMEM_CACHE(type, flags) \
  kmem_cache_create(#type, sizeof(struct type), __alignof__(struct type), flags, NULL)
/* There is one node. */
#define kmem_cache_alloc_node(cache, gfp, node) ((void)(node), kmem_cache_alloc((cache), (gfp)))
#define kmalloc_node(size, gfp, node) ((void)(node), kmalloc((size), (gfp)))
#define kzalloc_node(size, gfp, node) ((void)(node), kzalloc((size), (gfp)))
#define kcalloc_node(n, size, gfp, node) ((void)(node), kcalloc((n), (size), (gfp)))

/* kmalloc_obj(variable or type, gfp) and relatives; GFP_KERNEL when no gfp is given. */
#define SHIM_FIRST(first, ...) (first)
#define SHIM_GFP(...) SHIM_FIRST(__VA_ARGS__ __VA_OPT__(, ) GFP_KERNEL)
#define kmalloc_obj(what, ...) \
  ((__typeof__(what) *)kmalloc(sizeof(__typeof__(what)), SHIM_GFP(__VA_ARGS__)))
#define kzalloc_obj(what, ...) \
  ((__typeof__(what) *)kzalloc(sizeof(__typeof__(what)), SHIM_GFP(__VA_ARGS__)))
#define kmalloc_objs(what, n, ...) \
  ((__typeof__(what) *)kmalloc_array(n, sizeof(__typeof__(what)), SHIM_GFP(__VA_ARGS__)))
#define kzalloc_objs(what, n, ...) \
  ((__typeof__(what) *)kcalloc(n, sizeof(__typeof__(what)), SHIM_GFP(__VA_ARGS__)))

#endif
