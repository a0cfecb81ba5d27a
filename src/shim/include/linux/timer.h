/* SPDX-License-Identifier: GPL-2.0-only */
/* Timers. */
#ifndef IOVAFUZZ_LINUX_TIMER_H
#define IOVAFUZZ_LINUX_TIMER_H

#include <linux/container_of.h>
#include "shim/timekeeping.h"

/* The C library of the host has a function of this name, so the shim's has another. */
#define timer_delete(timer) del_timer(timer)

/* From a timer to the structure it is a member of, named by a variable of that structure. */
#define timer_container_of(variable, timer, member) \
  container_of(timer, __typeof__(*(variable)), member)
#define from_timer(variable, timer, member) timer_container_of(variable, timer, member)

#endif
