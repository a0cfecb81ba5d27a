/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting: virtual time moves, and what is due runs. */
#ifndef IOVAFUZZ_LINUX_DELAY_H
#define IOVAFUZZ_LINUX_DELAY_H

#include <linux/sched.h>
#include "shim/locks.h"

#define msleep(ms)      \
  do {                  \
    might_sleep();      \
    shim_advance((ms)); \
  } while (0)
#define ssleep(seconds) msleep((seconds)*1000ul)
/* Less than the clock's tick. */
#define usleep_range(least, most) msleep((least) / 1000)
#define fsleep(us) msleep((us) / 1000)
/* Busy, so that nothing else runs. */
#define udelay(us) ((void)(us))
#define ndelay(ns) ((void)(ns))
#define mdelay(ms) ((void)(ms))

#endif
