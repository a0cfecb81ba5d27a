/* SPDX-License-Identifier: GPL-2.0-only */
/* CPU masks of a single CPU, the only ones that callers use. */
#ifndef IOVAFUZZ_LINUX_CPUMASK_H
#define IOVAFUZZ_LINUX_CPUMASK_H

#include <linux/cpu.h>

struct cpumask {
  unsigned int cpu;
};
#define cpumask_of(number) (&(const struct cpumask){.cpu = (number)})

#endif
