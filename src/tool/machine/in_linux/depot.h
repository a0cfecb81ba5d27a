/* SPDX-License-Identifier: GPL-2.0-only */
/* The delayed works that trim depots, if the tree has them (upstream since v6.7). */
#ifndef IOVAFUZZ_DEPOT_H
#define IOVAFUZZ_DEPOT_H

#include <linux/iova.h>
#include <linux/workqueue.h>

#include "iovafuzz_tree.h" /* features of the tree's sources */

#if TREE_HAS_DEPOT_WORK
/* The work of the rcache for 2^size granules, or NULL. */
struct delayed_work* iovafuzz_depot_work(struct iova_domain* iovad, unsigned int size);
#else
static inline struct delayed_work* iovafuzz_depot_work(struct iova_domain* iovad,
                                                       unsigned int size) {
  return NULL;
}
#endif

#endif
