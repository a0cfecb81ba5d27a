/* SPDX-License-Identifier: GPL-2.0-only */
/* min(), max() and relatives. */
#ifndef IOVAFUZZ_LINUX_MINMAX_H
#define IOVAFUZZ_LINUX_MINMAX_H

#include <linux/kernel.h>

#endif
