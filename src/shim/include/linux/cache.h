/* SPDX-License-Identifier: GPL-2.0-only */
/* Cache lines. */
#ifndef IOVAFUZZ_LINUX_CACHE_H
#define IOVAFUZZ_LINUX_CACHE_H

#include <linux/kernel.h>

#endif
