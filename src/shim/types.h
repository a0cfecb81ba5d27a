/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel constants that no other header of the shim owns. */
#ifndef IOVAFUZZ_SHIM_TYPES_H
#define IOVAFUZZ_SHIM_TYPES_H

#define PAGE_SHIFT 12
#define PAGE_SIZE (1ul << PAGE_SHIFT) /* bytes */
#define SHIM_CACHE_LINE 64            /* bytes */
#define cache_line_size() SHIM_CACHE_LINE

#endif
