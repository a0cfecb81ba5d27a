/* SPDX-License-Identifier: GPL-2.0-only */
/* Sizes that do not wrap. */
#ifndef IOVAFUZZ_LINUX_OVERFLOW_H
#define IOVAFUZZ_LINUX_OVERFLOW_H

#include <linux/vmalloc.h>

#endif
