/* SPDX-License-Identifier: GPL-2.0-only */
/* The least and the greatest of a type. */
#ifndef IOVAFUZZ_LINUX_LIMITS_H
#define IOVAFUZZ_LINUX_LIMITS_H

#include <linux/kernel.h>

#endif
