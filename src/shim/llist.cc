// SPDX-License-Identifier: GPL-2.0-only
#include "llist.h"

#include "finding.h"

extern "C" bool shim_llist_add(llist_node* element, llist_head* list, const shim_site* site) {
  for (const llist_node* other = list->first; other; other = other->next)
    if (other == element) shim::raise(shim::oracle::llist_double_add, site, "", element);
  bool was_empty = !list->first;
  element->next = list->first;
  list->first = element;
  return was_empty;
}
