/* SPDX-License-Identifier: GPL-2.0-only */
/* Integer types, and the kernel's other types that the allocator uses. */
#ifndef IOVAFUZZ_LINUX_TYPES_H
#define IOVAFUZZ_LINUX_TYPES_H

#include <stdbool.h>
#include <stddef.h>

#include "shim/atomic.h"
#include "shim/cpu.h"
#include "shim/locks.h"
#include "shim/slab.h"

typedef unsigned char u8;
typedef unsigned short u16;
typedef __UINT32_TYPE__ u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long long s64;

#endif
