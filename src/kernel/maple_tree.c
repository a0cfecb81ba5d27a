/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tree's own maple tree code, for an iova.c that uses it. reset() in glue.c creates the cache
 * of nodes, as booting does.
 */
#include "tree_features.h"

#if TREE_USES_MAPLE_TREE
#include "lib/maple_tree.c"
#endif
