/* SPDX-License-Identifier: GPL-2.0-only */
/* Work, immediate or delayed. */
#ifndef IOVAFUZZ_LINUX_WORKQUEUE_H
#define IOVAFUZZ_LINUX_WORKQUEUE_H

#include <linux/container_of.h>
#include "shim/timekeeping.h"

#define to_delayed_work(pointer) container_of(pointer, struct delayed_work, work)

#endif
