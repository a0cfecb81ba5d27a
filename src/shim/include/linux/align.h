/* SPDX-License-Identifier: GPL-2.0-only */
/* Rounding to a multiple of a power of two. */
#ifndef IOVAFUZZ_LINUX_ALIGN_H
#define IOVAFUZZ_LINUX_ALIGN_H

#include <linux/kernel.h>

#endif
