/* SPDX-License-Identifier: GPL-2.0-only */
/* Softirqs of this CPU, in which timers run. */
#ifndef IOVAFUZZ_LINUX_BOTTOM_HALF_H
#define IOVAFUZZ_LINUX_BOTTOM_HALF_H

#include "shim/locks.h"

#define local_bh_disable() shim_local_bh_disable()
#define local_bh_enable() shim_local_bh_enable(SHIM_SITE)

#endif
