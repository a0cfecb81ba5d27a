/* SPDX-License-Identifier: GPL-2.0-only */
/* Locks that are released where their scope ends: guard(spinlock)(&lock), and scoped_guard(). */
#ifndef IOVAFUZZ_LINUX_CLEANUP_H
#define IOVAFUZZ_LINUX_CLEANUP_H

#include "shim/locks.h"

struct shim_guard {
  void *lock;
  unsigned long flags;
  const struct shim_site *site; /* where it was taken */
  bool is_over;                 /* the scope of a scoped_guard() */
};

/* The site that the shim's macros would make names the function of this file. */
#define SHIM_GUARD(kind, type, take, release)                                                   \
  static inline struct shim_guard shim_begin_##kind(type *lock, const struct shim_site *site) { \
    struct shim_guard guard = {lock, 0, site, false};                                           \
    take;                                                                                       \
    return guard;                                                                               \
  }                                                                                             \
  static inline void shim_end_##kind(struct shim_guard *guard) {                                \
    type *lock = guard->lock;                                                                   \
    if (shim_is_given_up()) return;                                                             \
    release;                                                                                    \
  }
SHIM_GUARD(spinlock, spinlock_t, (spin_lock)(lock, site), (spin_unlock)(lock, guard->site))
SHIM_GUARD(spinlock_irq, spinlock_t, (spin_lock_irq)(lock, site),
           (spin_unlock_irq)(lock, guard->site))
SHIM_GUARD(spinlock_bh, spinlock_t, (spin_lock_bh)(lock, site), (spin_unlock_bh)(lock, guard->site))
SHIM_GUARD(spinlock_irqsave, spinlock_t, guard.flags = shim_spin_lock_irqsave(lock, site),
           (spin_unlock_irqrestore)(lock, guard->flags, guard->site))
SHIM_GUARD(mutex, struct mutex, (mutex_lock)(lock, site), (mutex_unlock)(lock, guard->site))
#undef SHIM_GUARD

#define shim_begin_raw_spinlock shim_begin_spinlock
#define shim_end_raw_spinlock shim_end_spinlock
#define shim_begin_raw_spinlock_irq shim_begin_spinlock_irq
#define shim_end_raw_spinlock_irq shim_end_spinlock_irq
#define shim_begin_raw_spinlock_irqsave shim_begin_spinlock_irqsave
#define shim_end_raw_spinlock_irqsave shim_end_spinlock_irqsave

#define SHIM_JOINED(a, b) a##b
#define SHIM_UNIQUE(counter) SHIM_JOINED(shim_guard_, counter)
#define SHIM_GUARD_VARIABLE(kind, name) \
  struct shim_guard name __attribute__((unused, cleanup(shim_end_##kind))) = shim_begin_##kind

/* guard(kind)(lock) declares it: what follows the name is its place. */
#define guard(kind) shim_guard_of_##kind
#define SHIM_GUARD_OF(kind, lock) \
  SHIM_GUARD_VARIABLE(kind, SHIM_UNIQUE(__COUNTER__))((lock), SHIM_SITE)
#define shim_guard_of_spinlock(lock) SHIM_GUARD_OF(spinlock, lock)
#define shim_guard_of_spinlock_irq(lock) SHIM_GUARD_OF(spinlock_irq, lock)
#define shim_guard_of_spinlock_bh(lock) SHIM_GUARD_OF(spinlock_bh, lock)
#define shim_guard_of_spinlock_irqsave(lock) SHIM_GUARD_OF(spinlock_irqsave, lock)
#define shim_guard_of_raw_spinlock(lock) SHIM_GUARD_OF(raw_spinlock, lock)
#define shim_guard_of_raw_spinlock_irq(lock) SHIM_GUARD_OF(raw_spinlock_irq, lock)
#define shim_guard_of_raw_spinlock_irqsave(lock) SHIM_GUARD_OF(raw_spinlock_irqsave, lock)
#define shim_guard_of_mutex(lock) SHIM_GUARD_OF(mutex, lock)

/* For one statement or block, which may return from within. */
#define scoped_guard(kind, lock)                                                      \
  for (SHIM_GUARD_VARIABLE(kind, shim_scope)((lock), SHIM_SITE); !shim_scope.is_over; \
       shim_scope.is_over = true)

#endif
