/* SPDX-License-Identifier: GPL-2.0-only */
/* The current CPU. */
#ifndef IOVAFUZZ_LINUX_SMP_H
#define IOVAFUZZ_LINUX_SMP_H

#include <linux/percpu.h>
#include "shim/cpu.h"

#endif
