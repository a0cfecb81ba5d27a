/* SPDX-License-Identifier: GPL-2.0-only */
/* Pointers that readers follow without a lock: on one thread, plain pointers. */
#ifndef IOVAFUZZ_LINUX_RCUPDATE_H
#define IOVAFUZZ_LINUX_RCUPDATE_H

#include <linux/compiler.h>

#define rcu_assign_pointer(pointer, value) WRITE_ONCE(pointer, value)
#define rcu_dereference(pointer) READ_ONCE(pointer)
#define rcu_dereference_raw(pointer) READ_ONCE(pointer)
#define rcu_read_lock() ((void)0)
#define rcu_read_unlock() ((void)0)

#endif
