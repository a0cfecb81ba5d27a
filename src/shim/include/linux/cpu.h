/* SPDX-License-Identifier: GPL-2.0-only */
/* CPUs and their hotplug. */
#ifndef IOVAFUZZ_LINUX_CPU_H
#define IOVAFUZZ_LINUX_CPU_H

#include <linux/container_of.h>
#include "shim/cpu.h"

/* An instance from its node; NULL stays NULL. */
#define hlist_entry_safe(pointer, type, member)                     \
  ({                                                                \
    __auto_type shim_pointer = (pointer);                           \
    shim_pointer ? container_of(shim_pointer, type, member) : NULL; \
  })

#endif
