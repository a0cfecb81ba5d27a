/* SPDX-License-Identifier: GPL-2.0-only */
/* Spinlocks. */
#ifndef IOVAFUZZ_LINUX_SPINLOCK_H
#define IOVAFUZZ_LINUX_SPINLOCK_H

#include <linux/lockdep.h>
#include "shim/locks.h"

/* Which of several locks of a class it is, only lockdep asks. */
#define spin_lock_nested(lock, subclass) spin_lock(lock)

#endif
