/* SPDX-License-Identifier: GPL-2.0-only */
/* Limits of integer types. */
#ifndef IOVAFUZZ_LINUX_LIMITS_H
#define IOVAFUZZ_LINUX_LIMITS_H

#include <linux/kernel.h>

#endif
