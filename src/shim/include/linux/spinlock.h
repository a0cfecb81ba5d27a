/* SPDX-License-Identifier: GPL-2.0-only */
/* Spinlocks. */
#ifndef IOVAFUZZ_LINUX_SPINLOCK_H
#define IOVAFUZZ_LINUX_SPINLOCK_H

#include <linux/lockdep.h>
#include "shim/locks.h"

/* The subclass is an annotation for the kernel's lockdep; the shim ignores it. */
#define spin_lock_nested(lock, subclass) spin_lock(lock)

#endif
