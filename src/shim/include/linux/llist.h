/* SPDX-License-Identifier: GPL-2.0-only */
/* Lock-less lists and their iterators. */
#ifndef IOVAFUZZ_LINUX_LLIST_H
#define IOVAFUZZ_LINUX_LLIST_H

#include <linux/container_of.h>
#include "shim/llist.h"

#define llist_entry(pointer, type, member) container_of(pointer, type, member)
#define llist_for_each(position, first) \
  for ((position) = (first); (position); (position) = (position)->next)
/* The loop's body may free the current element. */
#define llist_for_each_safe(position, following, first)                         \
  for ((position) = (first); (position) && ((following) = (position)->next, 1); \
       (position) = (following))

/* The same loops over the structures around the elements; NULL stays NULL. */
#define shim_llist_entry(pointer, variable, member)                              \
  ({                                                                             \
    struct llist_node *shim_node = (pointer);                                    \
    shim_node ? container_of(shim_node, __typeof__(*(variable)), member) : NULL; \
  })
#define llist_for_each_entry(position, first, member)                          \
  for ((position) = shim_llist_entry((first), (position), member); (position); \
       (position) = shim_llist_entry((position)->member.next, (position), member))
#define llist_for_each_entry_safe(position, following, first, member)                    \
  for ((position) = shim_llist_entry((first), (position), member);                       \
       (position) &&                                                                     \
       ((following) = shim_llist_entry((position)->member.next, (position), member), 1); \
       (position) = (following))

#endif
