/* SPDX-License-Identifier: GPL-2.0-only */
/* CPUs and their hotplug. */
#ifndef IOVAFUZZ_LINUX_CPU_H
#define IOVAFUZZ_LINUX_CPU_H

#include <linux/container_of.h>
#include <linux/errno.h>
#include "shim/cpu.h"

/* Returns 0, -EBUSY for the last online CPU, -EINVAL for a CPU that is not possible, or the error
 * of the startup callback that keeps it offline. */
static inline int remove_cpu(unsigned int cpu) {
  if (!cpu_online(cpu)) return cpu < num_possible_cpus() ? 0 : -EINVAL;
  if (num_online_cpus() == 1) return -EBUSY;
  shim_cpu_offline(cpu);
  return 0;
}
static inline int add_cpu(unsigned int cpu) {
  if (cpu >= num_possible_cpus()) return -EINVAL;
  return cpu_online(cpu) ? 0 : shim_cpu_online(cpu);
}

/* The structure around a node; NULL stays NULL. */
#define hlist_entry_safe(pointer, type, member)                     \
  ({                                                                \
    __auto_type shim_pointer = (pointer);                           \
    shim_pointer ? container_of(shim_pointer, type, member) : NULL; \
  })

#endif
