/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists. A step along a list is a step of a walk (shim/cost.h). */
#ifndef IOVAFUZZ_LINUX_LIST_H
#define IOVAFUZZ_LINUX_LIST_H

#include <linux/container_of.h>
#include <linux/types.h>
#include "shim/cost.h"
#include "shim/list.h"

/* The structure around an element. */
#define list_entry(pointer, type, member) container_of(pointer, type, member)
#define list_first_entry(list, type, member) list_entry((list)->next, type, member)
#define list_last_entry(list, type, member) list_entry((list)->prev, type, member)
#define list_first_entry_or_null(list, type, member)                       \
  ({                                                                       \
    struct list_head *shim_list = (list), *shim_first = shim_list->next;   \
    shim_first != shim_list ? list_entry(shim_first, type, member) : NULL; \
  })
#define list_next_entry(position, member) \
  list_entry((position)->member.next, __typeof__(*(position)), member)
#define list_prev_entry(position, member) \
  list_entry((position)->member.prev, __typeof__(*(position)), member)
#define list_entry_is_head(position, list, member) (&(position)->member == (list))

/* The "safe" loops allow the position to be removed or freed. */
#define list_for_each(position, list)                   \
  for ((position) = (list)->next; (position) != (list); \
       shim_count_step(), (position) = (position)->next)
#define list_for_each_safe(position, following, list)                                   \
  for ((position) = (list)->next, (following) = (position)->next; (position) != (list); \
       shim_count_step(), (position) = (following), (following) = (position)->next)
#define list_for_each_entry(position, list, member)                          \
  for ((position) = list_first_entry(list, __typeof__(*(position)), member); \
       !list_entry_is_head(position, list, member);                          \
       shim_count_step(), (position) = list_next_entry(position, member))
#define list_for_each_entry_reverse(position, list, member)                 \
  for ((position) = list_last_entry(list, __typeof__(*(position)), member); \
       !list_entry_is_head(position, list, member);                         \
       shim_count_step(), (position) = list_prev_entry(position, member))
#define list_for_each_entry_safe(position, following, list, member)                              \
  for ((position) = list_first_entry(list, __typeof__(*(position)), member),                     \
      (following) = list_next_entry(position, member);                                           \
       !list_entry_is_head(position, list, member); shim_count_step(), (position) = (following), \
      (following) = list_next_entry(position, member))

#endif
