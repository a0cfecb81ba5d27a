/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Resets the static variables of the tree's code. The build moves all of them into two sections,
 * and the linker defines the start and end of each.
 */
#include <stdlib.h>
#include <string.h>

#include "kernel/kernel_variant.h"

#define EDGE extern char __attribute__((weak, visibility("hidden")))
EDGE __start_iova_statics[]; /* with values at boot */
EDGE __stop_iova_statics[];
EDGE __start_iova_zeroed[]; /* zero at boot */
EDGE __stop_iova_zeroed[];

void kernel_reset_statics(void) {
  static char *at_boot;
  size_t size = (size_t)(__stop_iova_statics - __start_iova_statics);
  if (!at_boot) {
    at_boot = malloc(size + 1);
    if (!at_boot) abort();
    memcpy(at_boot, __start_iova_statics, size);
  }
  memcpy(__start_iova_statics, at_boot, size);
  memset(__start_iova_zeroed, 0, (size_t)(__stop_iova_zeroed - __start_iova_zeroed));
}
