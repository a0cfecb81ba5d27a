/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory node of each CPU. */
#ifndef IOVAFUZZ_LINUX_TOPOLOGY_H
#define IOVAFUZZ_LINUX_TOPOLOGY_H

#include <linux/nodemask.h>
#include "shim/cpu.h"

static inline int cpu_to_node(int cpu) { return (void)cpu, 0; }
#define numa_node_id() cpu_to_node((int)raw_smp_processor_id())
#define numa_mem_id() numa_node_id()

#endif
