/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Circular doubly linked lists (linux/list.h, v6.12). A list is a list_head; its elements are
 * list_heads inside structures.
 *
 * As in a kernel with CONFIG_DEBUG_LIST, links that do not fit together are a finding, and the list
 * is left as it is: an element that is added twice, removed twice or was freed on its list. As in
 * the kernel, readers without a lock may ask whether a list is empty.
 */
#ifndef IOVAFUZZ_SHIM_LIST_H
#define IOVAFUZZ_SHIM_LIST_H

#include <stdbool.h>

#include "atomic.h"
#include "bug.h"

struct list_head {
  struct list_head *next, *prev;
};

/* An empty list points to itself. */
#define LIST_HEAD_INIT(name) \
  { &(name), &(name) }
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

/* Links of a removed element. */
#define LIST_POISON1 ((struct list_head*)0x100)
#define LIST_POISON2 ((struct list_head*)0x122)

/* A marked write, which is no scheduling point. */
#define shim_set_next(element, to) \
  (*(struct list_head* volatile*)shim_mark_aside(&(element)->next) = (to))

static inline void INIT_LIST_HEAD(struct list_head* list) {
  shim_set_next(list, list);
  list->prev = list;
}

static inline bool shim_list_empty(const struct list_head* list, const struct shim_site* site) {
  return *(struct list_head* const volatile*)shim_mark(&list->next, site) == list;
}
static inline bool list_is_singular(const struct list_head* list) {
  return list->next != list && list->next == list->prev;
}
static inline bool list_is_first(const struct list_head* element, const struct list_head* list) {
  return element->prev == list;
}
static inline bool list_is_last(const struct list_head* element, const struct list_head* list) {
  return element->next == list;
}
static inline bool list_is_head(const struct list_head* element, const struct list_head* list) {
  return element == list;
}

static inline void shim_list_insert(struct list_head* element, struct list_head* before,
                                    struct list_head* after, const struct shim_site* site) {
  if (shim_warn_on(
          before->next != after || after->prev != before || element == before || element == after,
          "list_add: the list is broken, or has the element already", site))
    return;
  after->prev = element;
  element->next = after;
  element->prev = before;
  shim_set_next(before, element);
}
static inline void shim_list_add(struct list_head* element, struct list_head* list,
                                 const struct shim_site* site) {
  shim_list_insert(element, list, list->next, site);
}
static inline void shim_list_add_tail(struct list_head* element, struct list_head* list,
                                      const struct shim_site* site) {
  shim_list_insert(element, list->prev, list, site);
}

/* Whether the element was on a list. */
static inline bool shim_list_unlink(struct list_head* element, const struct shim_site* site) {
  if (shim_warn_on(element->next == LIST_POISON1 || element->prev == LIST_POISON2 ||
                       element->prev->next != element || element->next->prev != element,
                   "list_del: the element is on no list, or the list is broken", site))
    return false;
  element->next->prev = element->prev;
  shim_set_next(element->prev, element->next);
  return true;
}
static inline void shim_list_del(struct list_head* element, const struct shim_site* site) {
  shim_list_unlink(element, site);
  element->next = LIST_POISON1;
  element->prev = LIST_POISON2;
}
static inline void shim_list_del_init(struct list_head* element, const struct shim_site* site) {
  shim_list_unlink(element, site);
  INIT_LIST_HEAD(element);
}
static inline void shim_list_move(struct list_head* element, struct list_head* list,
                                  const struct shim_site* site) {
  if (shim_list_unlink(element, site)) shim_list_add(element, list, site);
}
static inline void shim_list_move_tail(struct list_head* element, struct list_head* list,
                                       const struct shim_site* site) {
  if (shim_list_unlink(element, site)) shim_list_add_tail(element, list, site);
}
#define list_empty(list) shim_list_empty((list), SHIM_SITE)
#define list_add(element, list) shim_list_add((element), (list), SHIM_SITE)
#define list_add_tail(element, list) shim_list_add_tail((element), (list), SHIM_SITE)
#define list_del(element) shim_list_del((element), SHIM_SITE)
#define list_del_init(element) shim_list_del_init((element), SHIM_SITE)
#define list_move(element, list) shim_list_move((element), (list), SHIM_SITE)
#define list_move_tail(element, list) shim_list_move_tail((element), (list), SHIM_SITE)

/* Moves all elements of a list between two neighbours of another. */
static inline void shim_list_splice(const struct list_head* from, struct list_head* before,
                                    struct list_head* after) {
  struct list_head *first = from->next, *last = from->prev;
  if (first == from) return;
  first->prev = before;
  before->next = first;
  last->next = after;
  after->prev = last;
}
/* Moves all elements to the front or the end of another list. The emptied head is left as it is, or
 * initialized. */
static inline void list_splice(const struct list_head* from, struct list_head* to) {
  shim_list_splice(from, to, to->next);
}
static inline void list_splice_tail(const struct list_head* from, struct list_head* to) {
  shim_list_splice(from, to->prev, to);
}
static inline void list_splice_init(struct list_head* from, struct list_head* to) {
  list_splice(from, to);
  INIT_LIST_HEAD(from);
}
static inline void list_splice_tail_init(struct list_head* from, struct list_head* to) {
  list_splice_tail(from, to);
  INIT_LIST_HEAD(from);
}

#endif
