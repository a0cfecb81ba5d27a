/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters. There is one thread, so nothing here needs more than a plain access. */
#ifndef IOVAFUZZ_LINUX_ATOMIC_H
#define IOVAFUZZ_LINUX_ATOMIC_H

#include <linux/types.h>

#define atomic_read(v) ((v)->counter)
#define atomic_set(v, value) ((void)((v)->counter = (value)))
#define atomic64_read(v) ((v)->counter)
#define atomic64_set(v, value) ((void)((v)->counter = (value)))
#define atomic64_inc(v) ((void)(v)->counter++)
/* Both return the value before. */
#define atomic_xchg(v, value) shim_atomic_exchange((v), (value))
#define atomic_cmpxchg(v, old, value) shim_atomic_compare_exchange((v), (old), (value))

static inline int shim_atomic_exchange(atomic_t *v, int value) {
  int before = v->counter;
  v->counter = value;
  return before;
}
static inline int shim_atomic_compare_exchange(atomic_t *v, int old, int value) {
  int before = v->counter;
  if (before == old) v->counter = value;
  return before;
}

#endif
