/* SPDX-License-Identifier: GPL-2.0-only */
/* Time in jiffies, which may wrap. */
#ifndef IOVAFUZZ_LINUX_JIFFIES_H
#define IOVAFUZZ_LINUX_JIFFIES_H

#include "shim/timekeeping.h"

#define time_after(a, b) ((long)((b) - (a)) < 0)
#define time_before(a, b) time_after(b, a)
#define time_after_eq(a, b) ((long)((a) - (b)) >= 0)
#define time_before_eq(a, b) time_after_eq(b, a)

#endif
