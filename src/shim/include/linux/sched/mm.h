/* SPDX-License-Identifier: GPL-2.0-only */
/* Where memory may be asked for. */
#ifndef IOVAFUZZ_LINUX_SCHED_MM_H
#define IOVAFUZZ_LINUX_SCHED_MM_H

#include <linux/gfp.h>
#include "shim/locks.h"

/* On a path that asks seldom, what asking would say. */
#define might_alloc(gfp)                             \
  do {                                               \
    if (gfpflags_allow_blocking(gfp)) might_sleep(); \
  } while (0)

#endif
