/* SPDX-License-Identifier: GPL-2.0-only */
/* DMA addresses, and the headers that a tree's iova.h expects to come with them. */
#ifndef IOVAFUZZ_LINUX_DMA_MAPPING_H
#define IOVAFUZZ_LINUX_DMA_MAPPING_H

#include <linux/kernel.h>
#include "shim/types.h"

typedef u64 dma_addr_t; /* bytes */

/* The highest address of n bits. */
#define DMA_BIT_MASK(n) ((n) == 64 ? ~0ull : (1ull << (n)) - 1)

#endif
