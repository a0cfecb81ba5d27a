/* SPDX-License-Identifier: GPL-2.0-only */
/* Error numbers as pointers. */
#ifndef IOVAFUZZ_LINUX_ERR_H
#define IOVAFUZZ_LINUX_ERR_H

#include <linux/kernel.h>

#ifndef MAX_ERRNO
#define MAX_ERRNO 4095
#endif
#define IS_ERR_VALUE(value) ((unsigned long)(value) >= (unsigned long)-MAX_ERRNO)

static inline long PTR_ERR(const void *pointer) { return (long)pointer; }
static inline bool IS_ERR(const void *pointer) { return IS_ERR_VALUE(pointer); }
static inline bool IS_ERR_OR_NULL(const void *pointer) { return !pointer || IS_ERR_VALUE(pointer); }

#endif
