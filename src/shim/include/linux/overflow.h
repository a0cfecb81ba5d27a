/* SPDX-License-Identifier: GPL-2.0-only */
/* Size computations: struct_size(). */
#ifndef IOVAFUZZ_LINUX_OVERFLOW_H
#define IOVAFUZZ_LINUX_OVERFLOW_H

#include <linux/vmalloc.h>

#endif
