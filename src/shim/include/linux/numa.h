/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory nodes: there is one, 0. */
#ifndef IOVAFUZZ_LINUX_NUMA_H
#define IOVAFUZZ_LINUX_NUMA_H

#define NUMA_NO_NODE (-1)
#define MAX_NUMNODES 1

#endif
