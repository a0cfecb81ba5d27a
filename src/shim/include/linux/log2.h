/* SPDX-License-Identifier: GPL-2.0-only */
/* Powers of two. */
#ifndef IOVAFUZZ_LINUX_LOG2_H
#define IOVAFUZZ_LINUX_LOG2_H

#include <linux/kernel.h>

#endif
