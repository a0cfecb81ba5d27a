/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of memory nodes. */
#ifndef IOVAFUZZ_LINUX_NODEMASK_H
#define IOVAFUZZ_LINUX_NODEMASK_H

#include <linux/numa.h>

#define nr_node_ids 1u
#define num_possible_nodes() nr_node_ids
#define num_online_nodes() nr_node_ids
#define for_each_node(node) for ((node) = 0; (node) < MAX_NUMNODES; (node)++)
#define for_each_online_node(node) for_each_node(node)

#endif
