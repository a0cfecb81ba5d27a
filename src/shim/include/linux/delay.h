/* SPDX-License-Identifier: GPL-2.0-only */
/* Delays: virtual time moves, and due events run. */
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
/* Microseconds. Below 1 ms no time passes. */
#define usleep_range(least, most) msleep((least) / 1000)
#define fsleep(us) msleep((us) / 1000)
/* Busy waiting: no time passes, and nothing else runs. */
#define udelay(us) ((void)(us))
#define ndelay(ns) ((void)(ns))
#define mdelay(ms) ((void)(ms))

#endif
