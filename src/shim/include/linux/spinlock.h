/* SPDX-License-Identifier: GPL-2.0-only */
/* Spinlocks. */
#ifndef IOVAFUZZ_LINUX_SPINLOCK_H
#define IOVAFUZZ_LINUX_SPINLOCK_H

#include <linux/atomic.h>
#include <linux/bottom_half.h>
#include <linux/cleanup.h>
#include <linux/irqflags.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include "shim/locks.h"

/* Defines a variable at file scope. */
#define DEFINE_SPINLOCK(name) \
  spinlock_t name = {         \
      &(struct shim_lock_class){#name, "DEFINE_SPINLOCK", 0}, SHIM_LOCK_MAGIC, {0, 0}}
#define DEFINE_RAW_SPINLOCK(name) DEFINE_SPINLOCK(name)

/* All subclasses but the lock's own class count as one. */
#define spin_lock_nested(lock, subclass) shim_spin_lock_nested((lock), SHIM_SITE)
#define spin_lock_irqsave_nested(lock, flags, subclass)         \
  do {                                                          \
    (flags) = shim_spin_lock_irqsave_nested((lock), SHIM_SITE); \
  } while (0)

/* Whether it was taken; otherwise, interrupts are as before. */
#define SHIM_TRYLOCK(lock, forbid, allow) \
  ({                                      \
    forbid;                               \
    int shim_taken = spin_trylock(lock);  \
    if (!shim_taken) allow;               \
    shim_taken;                           \
  })
#define spin_trylock_irqsave(lock, flags) \
  SHIM_TRYLOCK((lock), local_irq_save(flags), local_irq_restore(flags))
#define spin_trylock_irq(lock) SHIM_TRYLOCK((lock), local_irq_disable(), local_irq_enable())
#define spin_trylock_bh(lock) SHIM_TRYLOCK((lock), local_bh_disable(), local_bh_enable())

#define raw_spin_lock_init(lock) spin_lock_init(lock)
#define raw_spin_lock(lock) spin_lock(lock)
#define raw_spin_lock_nested(lock, subclass) spin_lock_nested(lock, subclass)
#define raw_spin_unlock(lock) spin_unlock(lock)
#define raw_spin_lock_irq(lock) spin_lock_irq(lock)
#define raw_spin_unlock_irq(lock) spin_unlock_irq(lock)
#define raw_spin_lock_bh(lock) spin_lock_bh(lock)
#define raw_spin_unlock_bh(lock) spin_unlock_bh(lock)
#define raw_spin_lock_irqsave(lock, flags) spin_lock_irqsave((lock), (flags))
#define raw_spin_unlock_irqrestore(lock, flags) spin_unlock_irqrestore((lock), (flags))
#define raw_spin_trylock_irqsave(lock, flags) spin_trylock_irqsave((lock), (flags))
#define raw_spin_trylock(lock) spin_trylock(lock)
#define raw_spin_is_locked(lock) spin_is_locked(lock)

#endif
