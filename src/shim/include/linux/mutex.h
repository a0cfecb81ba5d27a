/* SPDX-License-Identifier: GPL-2.0-only */
/* Mutexes. */
#ifndef IOVAFUZZ_LINUX_MUTEX_H
#define IOVAFUZZ_LINUX_MUTEX_H

#include <linux/cleanup.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include "shim/locks.h"

#endif
