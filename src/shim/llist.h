/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lock-less singly linked lists (linux/llist.h, v6.12); the newest element comes first. Adding and
 * taking off are full barriers and scheduling points, each a single step: a retry after a lost race
 * has the same effect. Adding an element twice to a list is a finding, since the list would become
 * a ring.
 */
#ifndef IOVAFUZZ_SHIM_LLIST_H
#define IOVAFUZZ_SHIM_LLIST_H

#include <stdbool.h>
#include <stddef.h>

#include "atomic.h"
#include "site.h"

#ifdef __cplusplus
extern "C" {
#endif

struct llist_node {
  struct llist_node* next;
};
struct llist_head {
  struct llist_node* first;
};

/* true if the list was empty before. */
bool shim_llist_add(struct llist_node* element, struct llist_head* list,
                    const struct shim_site* site);
/* Takes all elements off, the newest first. */
struct llist_node* shim_llist_del_all(struct llist_head* list, const struct shim_site* site);
/* Takes the newest element off; NULL if there is none. */
struct llist_node* shim_llist_del_first(struct llist_head* list, const struct shim_site* site);

#ifdef __cplusplus
}
#endif

#define LLIST_HEAD_INIT(name) \
  { NULL }
#define LLIST_HEAD(name) struct llist_head name = LLIST_HEAD_INIT(name)
#define llist_add(element, list) shim_llist_add((element), (list), SHIM_SITE)
#define llist_del_all(list) shim_llist_del_all((list), SHIM_SITE)
#define llist_del_first(list) shim_llist_del_first((list), SHIM_SITE)
#define llist_empty(list) (!READ_ONCE((list)->first))

static inline void init_llist_head(struct llist_head* list) { list->first = NULL; }

/* The same elements, the oldest first. */
static inline struct llist_node* llist_reverse_order(struct llist_node* first) {
  struct llist_node* reversed = NULL;
  while (first) {
    struct llist_node* next = first->next;
    first->next = reversed;
    reversed = first;
    first = next;
  }
  return reversed;
}

#endif
