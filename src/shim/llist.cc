// SPDX-License-Identifier: GPL-2.0-only
#include "llist.h"

#include <utility>

#include "context.h"
#include "finding.h"
#include "footprint.h"
#include "races.h"

namespace shim {
namespace {

// Begins an atomic update of the list, after all earlier ones.
void begin_update(llist_head* list, const char* before, const shim_site* site) {
  scheduling_point(before, site);
  note_change(list);
  shim_barrier(SHIM_ALL);
  note_ordered(Ordered::update, list);
  note_happens_after(list);
}
void end_update(llist_head* list) {
  note_happens_before(list);
  shim_barrier(SHIM_ALL);
}

}  // namespace
}  // namespace shim

using namespace shim;

extern "C" {

bool shim_llist_add(llist_node* element, llist_head* list, const shim_site* site) {
  begin_update(list, "before llist_add()", site);
  for (const llist_node* other = list->first; other; other = other->next)
    if (other == element) raise(oracle::llist_double_add, site, "", element);
  note_change(element);
  element->next = std::exchange(list->first, element);
  end_update(list);
  return !element->next;
}

llist_node* shim_llist_del_all(llist_head* list, const shim_site* site) {
  begin_update(list, "before llist_del_all()", site);
  llist_node* first = std::exchange(list->first, nullptr);
  end_update(list);
  return first;
}

llist_node* shim_llist_del_first(llist_head* list, const shim_site* site) {
  begin_update(list, "before llist_del_first()", site);
  llist_node* first = list->first;
  if (!first) return nullptr;
  note_touch(first, sizeof *first, false);
  list->first = first->next;
  end_update(list);
  return first;
}

}  // extern "C"
