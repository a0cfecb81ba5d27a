/* SPDX-License-Identifier: GPL-2.0-only */
/* RCU pointers, which readers follow without a lock. A dereference is a step of a walk
 * (shim/cost.h). */
#ifndef IOVAFUZZ_LINUX_RCUPDATE_H
#define IOVAFUZZ_LINUX_RCUPDATE_H

#include <linux/compiler.h>
#include "shim/cost.h"
#include "shim/locks.h"
#include "shim/rcu.h"

#define rcu_assign_pointer(pointer, value) smp_store_release(&(pointer), value)
#define RCU_INIT_POINTER(pointer, value) WRITE_ONCE(pointer, value)
#define rcu_access_pointer(pointer) READ_ONCE(pointer)
/* Accesses through the pointer depend on its value, so they come after the load. */
#define rcu_dereference_raw(pointer) smp_load_acquire(&(pointer))
/* Allowed in a read-side section, or if the condition holds, usually that a lock is held. */
#define rcu_dereference_check(pointer, condition)                          \
  ({                                                                       \
    shim_count_step();                                                     \
    shim_check_rcu_access((condition) || rcu_read_lock_held(), SHIM_SITE); \
    rcu_dereference_raw(pointer);                                          \
  })
#define rcu_dereference(pointer) rcu_dereference_check(pointer, 0)
/* Allowed only if the condition holds. */
#define rcu_dereference_protected(pointer, condition) \
  ({                                                  \
    shim_count_step();                                \
    shim_check_rcu_access((condition), SHIM_SITE);    \
    (pointer);                                        \
  })

#endif
