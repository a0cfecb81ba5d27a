/* SPDX-License-Identifier: GPL-2.0-only */
/* Build-time checks. */
#ifndef IOVAFUZZ_LINUX_BUILD_BUG_H
#define IOVAFUZZ_LINUX_BUILD_BUG_H

#include <linux/bug.h>

#endif
