/* SPDX-License-Identifier: GPL-2.0-only */
/* Timers. */
#ifndef IOVAFUZZ_LINUX_TIMER_H
#define IOVAFUZZ_LINUX_TIMER_H

#include <linux/container_of.h>
#include <linux/jiffies.h>
#include "shim/timekeeping.h"

/* The host's C library has a timer_delete(), so the shim's function has another name. */
#define timer_delete(timer) del_timer(timer)

/* The structure around a timer; variable is a pointer to that structure. */
#define timer_container_of(variable, timer, member) \
  container_of(timer, __typeof__(*(variable)), member)
#define from_timer(variable, timer, member) timer_container_of(variable, timer, member)

#endif
