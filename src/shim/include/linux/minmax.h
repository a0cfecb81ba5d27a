/* SPDX-License-Identifier: GPL-2.0-only */
/* The smaller and the larger. */
#ifndef IOVAFUZZ_LINUX_MINMAX_H
#define IOVAFUZZ_LINUX_MINMAX_H

#include <linux/kernel.h>

#endif
