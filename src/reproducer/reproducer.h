/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stand-alone reproducers are made of: the shim's world without an engine, and the allocator's
 * functions by their kernel names, on any variant. A finding prints its key and ends the process
 * with status 1.
 *
 * pfns and sizes are in pages, limits are inclusive, granules in bytes (iova/variant.h).
 */
#ifndef IOVAFUZZ_REPRODUCER_H
#define IOVAFUZZ_REPRODUCER_H

#include <stdbool.h>
#include <stdio.h>

#include "iova/calls.h"
#include "iova/variant.h"
#include "shim/cpu.h"
#include "shim/timekeeping.h"

#ifdef __cplusplus
extern "C" {
#endif

struct list_head;

/* A world just booted, with so many CPUs. */
void reproducer_start(const struct iova_variant* variant, unsigned int cpus);
/* What follows is this operation, which keys name. Ends the one before. */
void reproducer_operation(const char* name);
/* Of the operation that has just begun, the attempt of that index (from 0) to allocate fails. */
void reproducer_fail(unsigned int attempt);
/* What follows runs in an interrupt handler, or no longer. */
void reproducer_irq(bool in_handler);
/* Zeroed memory for a domain; put_iova_domain() frees it. */
struct iova_domain* reproducer_domain(void);
/* A list with so many page-table pages. */
struct list_head* reproducer_pages(unsigned int count);
/*
 * What the allocator has come to: all results and its own state, the same on every machine. For
 * findings that take a model of the allocator to see: it is one if the digest is this, still.
 */
unsigned long long reproducer_digest(void);
void reproducer_compare(unsigned long long digest, const char* key);
/* Returns the exit status 0, and says that nothing was found. Where everything was given back,
 * nothing may be left. */
int reproducer_end(bool gave_everything_back);

int iommu_dma_init_fq(struct iova_domain* iovad, bool single);
/* Returns the list that the pages are on from now on. */
const void* queue_iova(struct iova_domain* iovad, unsigned long pfn, unsigned long size,
                       struct list_head* freelist);

#ifdef __cplusplus
}
#endif

#endif
