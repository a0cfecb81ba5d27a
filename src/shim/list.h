/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Circular doubly linked lists (linux/list.h, v6.12). A list is a list_head; its elements are
 * list_heads inside structures.
 */
#ifndef IOVAFUZZ_SHIM_LIST_H
#define IOVAFUZZ_SHIM_LIST_H

#include <stdbool.h>

struct list_head {
  struct list_head *next, *prev;
};

/* An empty list points to itself. */
#define LIST_HEAD_INIT(name) \
  { &(name), &(name) }

static inline void INIT_LIST_HEAD(struct list_head* list) { list->next = list->prev = list; }

static inline bool list_empty(const struct list_head* list) { return list->next == list; }

static inline void list_add_tail(struct list_head* element, struct list_head* list) {
  element->next = list;
  element->prev = list->prev;
  list->prev->next = element;
  list->prev = element;
}

static inline void list_del(struct list_head* element) {
  element->prev->next = element->next;
  element->next->prev = element->prev;
}

/* Moves all elements to the front of another list. The emptied head is left as it is. */
static inline void list_splice(const struct list_head* from, struct list_head* to) {
  if (list_empty(from)) return;
  struct list_head *first = from->next, *last = from->prev;
  first->prev = to;
  last->next = to->next;
  to->next->prev = last;
  to->next = first;
}

#endif
