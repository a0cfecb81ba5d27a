/* SPDX-License-Identifier: GPL-2.0-only */
/* Spinlocks. */
#ifndef IOVAFUZZ_LINUX_SPINLOCK_H
#define IOVAFUZZ_LINUX_SPINLOCK_H

#include "shim/locks.h"

#endif
