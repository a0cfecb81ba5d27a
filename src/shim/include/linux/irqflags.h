/* SPDX-License-Identifier: GPL-2.0-only */
/* The interrupt state of this CPU. */
#ifndef IOVAFUZZ_LINUX_IRQFLAGS_H
#define IOVAFUZZ_LINUX_IRQFLAGS_H

#include "shim/locks.h"

#define local_irq_disable() shim_local_irq_disable()
#define local_irq_enable() shim_local_irq_enable(SHIM_SITE)
#define local_irq_save(flags)        \
  do {                               \
    (flags) = shim_local_irq_save(); \
  } while (0)
#define local_irq_restore(flags) shim_local_irq_restore((flags), SHIM_SITE)

#endif
