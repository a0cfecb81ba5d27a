/* SPDX-License-Identifier: GPL-2.0-only */
/* Annotations of code that may allocate. */
#ifndef IOVAFUZZ_LINUX_SCHED_MM_H
#define IOVAFUZZ_LINUX_SCHED_MM_H

#include <linux/gfp.h>
#include "shim/locks.h"

/* Reports a sleeping allocation in atomic context, even on a path that seldom allocates. */
#define might_alloc(gfp)                             \
  do {                                               \
    if (gfpflags_allow_blocking(gfp)) might_sleep(); \
  } while (0)

#endif
