/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of CPUs. */
#ifndef IOVAFUZZ_LINUX_CPUMASK_H
#define IOVAFUZZ_LINUX_CPUMASK_H

#include <linux/cpu.h>

#endif
