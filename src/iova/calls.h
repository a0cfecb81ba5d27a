/* SPDX-License-Identifier: GPL-2.0-only */
/* The allocator's interface under the kernel's names, for C code; iova.h documents it. */
#ifndef IOVAFUZZ_IOVA_CALLS_H
#define IOVAFUZZ_IOVA_CALLS_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct iova;
struct iova_domain;

int iova_cache_get(void);
void iova_cache_put(void);
unsigned long iova_rcache_range(void);
void init_iova_domain(struct iova_domain* iovad, unsigned long granule, unsigned long start_pfn);
int iova_domain_init_rcaches(struct iova_domain* iovad);
void put_iova_domain(struct iova_domain* iovad);
struct iova* alloc_iova(struct iova_domain* iovad, unsigned long size, unsigned long limit_pfn,
                        bool size_aligned);
unsigned long alloc_iova_fast(struct iova_domain* iovad, unsigned long size,
                              unsigned long limit_pfn, bool flush_rcache);
void free_iova(struct iova_domain* iovad, unsigned long pfn);
void __free_iova(struct iova_domain* iovad, struct iova* iova);
void free_iova_fast(struct iova_domain* iovad, unsigned long pfn, unsigned long size);
struct iova* find_iova(struct iova_domain* iovad, unsigned long pfn);
struct iova* reserve_iova(struct iova_domain* iovad, unsigned long pfn_lo, unsigned long pfn_hi);

#ifdef __cplusplus
}
#endif

#endif
