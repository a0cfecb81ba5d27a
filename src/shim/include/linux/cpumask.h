/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of CPUs: those of one are all that callers name. */
#ifndef IOVAFUZZ_LINUX_CPUMASK_H
#define IOVAFUZZ_LINUX_CPUMASK_H

#include <linux/cpu.h>

struct cpumask {
  unsigned int cpu;
};
#define cpumask_of(number) (&(const struct cpumask){.cpu = (number)})

#endif
