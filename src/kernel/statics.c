/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Static variables of the tree's code. The build puts all of them, whatever their names, into
 * sections called iova_statics, which the linker gives a start and an end.
 */
#include <stdlib.h>
#include <string.h>

#include "kernel/kernel_variant.h"

/* Absent if the tree's code has no variables. */
extern char __start_iova_statics[] __attribute__((weak, visibility("hidden")));
extern char __stop_iova_statics[] __attribute__((weak, visibility("hidden")));

void kernel_reset_statics(void) {
  static char *at_boot;
  size_t size = (size_t)(__stop_iova_statics - __start_iova_statics);
  if (!size) return;
  if (at_boot) {
    memcpy(__start_iova_statics, at_boot, size);
    return;
  }
  at_boot = malloc(size);
  if (!at_boot) abort();
  memcpy(at_boot, __start_iova_statics, size);
}
