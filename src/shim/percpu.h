/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Per-CPU memory (linux/percpu.h, v6.12): one zeroed copy of an object for each possible CPU.
 * The pointer that __alloc_percpu() returns names the object and must not be dereferenced.
 * Sizes and alignments are bytes. Broken rules are findings (oracles.inc, percpu-*).
 */
#ifndef IOVAFUZZ_SHIM_PERCPU_H
#define IOVAFUZZ_SHIM_PERCPU_H

#include <stddef.h>

#include "site.h"

#define PCPU_MIN_UNIT_SIZE (32u << 10) /* bytes: the largest object, as in the kernel */

#ifdef __cplusplus
extern "C" {
#endif

/* NULL when the fault plan says so. align is a power of two, at most a page. May sleep. */
void* __alloc_percpu(size_t size, size_t align, const struct shim_site* site);
/* Ignores NULL. */
void free_percpu(void* object, const struct shim_site* site);
/* The copy of one possible CPU. */
void* shim_per_cpu_ptr(void* object, unsigned int cpu, const struct shim_site* site);
/* This CPU's copy of an object or of a member of it, whose address inside the object that
 * __alloc_percpu() returned is given. The next access is marked, or the next two, a read and a
 * write; they cannot be moved to another CPU. */
void* shim_this_cpu_access(const volatile void* address, const struct shim_site* site);
void* shim_this_cpu_update(const volatile void* address, const struct shim_site* site);
/* The same, without a mark; the caller must stay on its CPU. */
void* shim_this_cpu_plain(const volatile void* address, const struct shim_site* site);

#ifdef __cplusplus
}
#define SHIM_PERCPU_CAST(object) static_cast<decltype(object)>
#else
#define SHIM_PERCPU_CAST(object) (__typeof__(object))
#endif

#define __alloc_percpu(size, align) __alloc_percpu(size, align, SHIM_SITE)
#define free_percpu(object) free_percpu(object, SHIM_SITE)
#define per_cpu_ptr(object, cpu) \
  (SHIM_PERCPU_CAST(object)(shim_per_cpu_ptr((object), (cpu), SHIM_SITE)))
#define raw_cpu_ptr(object) per_cpu_ptr(object, raw_smp_processor_id())

#endif
