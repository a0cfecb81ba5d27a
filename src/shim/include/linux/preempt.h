/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a task may be moved to another CPU. */
#ifndef IOVAFUZZ_LINUX_PREEMPT_H
#define IOVAFUZZ_LINUX_PREEMPT_H

#include "shim/locks.h"

#define preempt_disable() shim_preempt_disable()
#define preempt_enable() shim_preempt_enable(SHIM_SITE)

#endif
