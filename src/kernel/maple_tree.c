/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tree's own maple trees, for an iova.c over them. Their cache of nodes is made at boot
 * (glue.c).
 */
#include "tree_features.h"

#if TREE_USES_MAPLE_TREE
#include "lib/maple_tree.c"
#endif
