/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations of atomic counters (linux/atomic.h, v6.12) that change them: atomic_t and atomic64_t,
 * which is atomic_long_t, too; and exchanges of variables of any type.
 *
 * An operation that returns a value is a full barrier, unless its name ends in _relaxed, _acquire
 * or _release. One that returns nothing orders nothing. One that changes nothing, since its
 * condition does not hold, orders nothing that comes later.
 */
#ifndef IOVAFUZZ_SHIM_COUNTERS_H
#define IOVAFUZZ_SHIM_COUNTERS_H

#include <stdbool.h>

#include "atomic.h"

typedef atomic64_t atomic_long_t;

/* Exchanges a variable of any type. Both return the value before and are full barriers, where they
 * write. */
#define xchg(pointer, value)                          \
  (__extension__({                                    \
    __typeof__(pointer) shim_at = (pointer);          \
    const __typeof__(*shim_at) shim_new = (value);    \
    shim_exchange(shim_at, true, shim_new, shim_new); \
  }))
#define cmpxchg(pointer, old, value)                   \
  (__extension__({                                     \
    __typeof__(pointer) shim_at = (pointer);           \
    const __typeof__(*shim_at) shim_old = (old);       \
    const __typeof__(*shim_at) shim_new = (value);     \
    shim_exchange(shim_at, false, shim_old, shim_new); \
  }))
#define shim_exchange(at, always, old, value)          \
  (__extension__({                                     \
    shim_mark_update((at), SHIM_SITE);                 \
    shim_barrier(SHIM_ALL);                            \
    volatile __typeof__(*(at))* shim_place = (at);     \
    const __typeof__(*(at)) shim_before = *shim_place; \
    if ((always) || shim_before == (old)) {            \
      *shim_place = (value);                           \
      shim_barrier(SHIM_ALL);                          \
    } else {                                           \
      shim_mark_aside(0); /* no write follows */       \
    }                                                  \
    shim_before;                                       \
  }))

#define ATOMIC_INIT(n) \
  { (n) }
#define ATOMIC64_INIT(n) ATOMIC_INIT(n)
#define ATOMIC_LONG_INIT(n) ATOMIC_INIT(n)

enum shim_change { SHIM_SET, SHIM_ADD, SHIM_AND, SHIM_OR, SHIM_XOR };

/* Accesses that are ordered with the operation: by a barrier before it, and by one after it. */
struct shim_ordering {
  unsigned int before, after; /* enum shim_order; 0: none */
};
#define SHIM_ORDERING(before, after) ((struct shim_ordering){(before), (after)})
#define SHIM_RELAXED SHIM_ORDERING(0, 0)
#define SHIM_ACQUIRE SHIM_ORDERING(0, SHIM_READS)
#define SHIM_RELEASE SHIM_ORDERING(SHIM_WRITES, 0)
#define SHIM_FULL SHIM_ORDERING(SHIM_ALL, SHIM_ALL)

static inline void shim_barrier_if(unsigned int order) {
  if (order) shim_barrier((enum shim_order)order);
}

/*
 * Of each type: a change that returns the value before, one that returns the value after, and one
 * that is made only if the value before equals (or differs from) another. The value before is
 * returned.
 */
#define SHIM_COUNTER(type, number, name)                                                          \
  static inline number shim_changed_##name(number before, enum shim_change change, number n) {    \
    switch (change) {                                                                             \
      case SHIM_ADD: __builtin_add_overflow(before, n, &before); return before; /* wraps */       \
      case SHIM_AND: return before & n;                                                           \
      case SHIM_OR: return before | n;                                                            \
      case SHIM_XOR: return before ^ n;                                                           \
      default: return n;                                                                          \
    }                                                                                             \
  }                                                                                               \
  static inline number shim_fetch_##name(type* v, enum shim_change change, number n,              \
                                         struct shim_ordering order,                              \
                                         const struct shim_site* site) {                          \
    shim_mark_update(v, site);                                                                    \
    shim_barrier_if(order.before);                                                                \
    volatile number* counter = &v->counter;                                                       \
    number before = *counter;                                                                     \
    *counter = shim_changed_##name(before, change, n);                                            \
    shim_barrier_if(order.after);                                                                 \
    return before;                                                                                \
  }                                                                                               \
  static inline number shim_change_##name(type* v, enum shim_change change, number n,             \
                                          struct shim_ordering order,                             \
                                          const struct shim_site* site) {                         \
    return shim_changed_##name(shim_fetch_##name(v, change, n, order, site), change, n);          \
  }                                                                                               \
  static inline number shim_change_if_##name(                                                     \
      type* v, bool equal, number to, enum shim_change change, number n,                          \
      struct shim_ordering order, const struct shim_site* site) {                                 \
    shim_mark_update(v, site);                                                                    \
    shim_barrier_if(order.before);                                                                \
    volatile number* counter = &v->counter;                                                       \
    number before = *counter;                                                                     \
    if ((before == to) != equal) return shim_mark_aside(0), before; /* no write follows */        \
    *counter = shim_changed_##name(before, change, n);                                            \
    shim_barrier_if(order.after);                                                                 \
    return before;                                                                                \
  }                                                                                               \
  /* Whether it was changed; if not, *old is the value that it has. */                            \
  static inline bool shim_try_exchange_##name(                                                    \
      type* v, number* old, number n, struct shim_ordering order, const struct shim_site* site) { \
    number before = shim_change_if_##name(v, true, *old, SHIM_SET, n, order, site);               \
    bool is_changed = before == *old;                                                             \
    *old = before;                                                                                \
    return is_changed;                                                                            \
  }                                                                                               \
  /* Whether it was changed. */                                                                   \
  static inline bool shim_add_unless_##name(type* v, number n, number unless,                     \
                                            const struct shim_site* site) {                       \
    return shim_change_if_##name(v, false, unless, SHIM_ADD, n, SHIM_FULL, site) != unless;       \
  }
SHIM_COUNTER(atomic_t, int, int)
SHIM_COUNTER(atomic64_t, long long, 64)
#undef SHIM_COUNTER

/* Those that the port uses. C++ has its own names like linux/atomic.h's others. */
#define atomic_xchg(v, n) shim_fetch_int((v), SHIM_SET, (n), SHIM_FULL, SHIM_SITE)
#define atomic64_inc(v) ((void)shim_fetch_64((v), SHIM_ADD, 1, SHIM_RELAXED, SHIM_SITE))

#endif
