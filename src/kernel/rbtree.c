/* SPDX-License-Identifier: GPL-2.0-only */
/* The tree's own red-black trees. They keep no variables. */
#include "lib/rbtree.c"
