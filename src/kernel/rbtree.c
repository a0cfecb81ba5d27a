/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tree's own red-black tree code, which has no variables. The functions by which iova.c walks
 * and changes its tree are renamed and called by wrappers that count steps (shim/cost.h).
 */
#include "tree_features.h"

#if TREE_USES_RBTREE
#define rb_next tree_rb_next
#define rb_prev tree_rb_prev
#define rb_erase tree_rb_erase
#include "lib/rbtree.c"
#undef rb_next
#undef rb_prev
#undef rb_erase

#include "shim/cost.h"

struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);
void rb_erase(struct rb_node *node, struct rb_root *root);

struct rb_node *rb_next(const struct rb_node *node) {
  shim_count_step();
  return tree_rb_next(node);
}

struct rb_node *rb_prev(const struct rb_node *node) {
  shim_count_step();
  return tree_rb_prev(node);
}

void rb_erase(struct rb_node *node, struct rb_root *root) {
  shim_count_step();
  tree_rb_erase(node, root);
}
#endif
