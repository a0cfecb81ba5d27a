/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spinlocks, mutexes, interrupt and preemption state (linux/spinlock.h, linux/mutex.h,
 * linux/preempt.h, v6.12) on one thread.
 *
 * If a suspended context on another CPU holds the lock that is taken, that context continues until
 * it releases the lock; if none could ever release it, taking it is a deadlock. Order inversions,
 * and locks shared between interrupt handlers and code with interrupts on, are judged by lock class
 * (one class for each place of initialization, as in lockdep). Broken rules are findings
 * (oracles.inc, lock-*, irqs-* and sleep-in-atomic).
 */
#ifndef IOVAFUZZ_SHIM_LOCKS_H
#define IOVAFUZZ_SHIM_LOCKS_H

#include <stdbool.h>

#include "site.h"

#ifdef __cplusplus
extern "C" {
#endif

struct shim_lock_class {
  const char* name;     /* the expression that was initialized */
  const char* function; /* where */
  int index;            /* 0 until first use */
};

/* Lockdep's view of a lock. */
struct lockdep_map {
  unsigned int held, taken; /* whether it is held; how often it was taken */
};
struct shim_lock {
  struct shim_lock_class* lock_class;
  unsigned int magic; /* tells an initialized lock from garbage */
  struct lockdep_map dep_map;
};

typedef struct shim_lock spinlock_t;
typedef struct shim_lock raw_spinlock_t; /* the same, where spinlocks do not sleep */
struct mutex {
  struct shim_lock lock;
  struct shim_lock_class static_class; /* of a mutex that DEFINE_MUTEX() initialized */
};

#define SHIM_LOCK_MAGIC 0x10c4ed10u

void shim_lock_init(struct shim_lock* lock, struct shim_lock_class* lock_class);
void spin_lock(spinlock_t* lock, const struct shim_site* site);
/* May be taken while another lock of its class is held. */
void shim_spin_lock_nested(spinlock_t* lock, const struct shim_site* site);
void spin_unlock(spinlock_t* lock, const struct shim_site* site);
unsigned long shim_spin_lock_irqsave(spinlock_t* lock, const struct shim_site* site);
unsigned long shim_spin_lock_irqsave_nested(spinlock_t* lock, const struct shim_site* site);
void spin_unlock_irqrestore(spinlock_t* lock, unsigned long flags, const struct shim_site* site);
/* The first switches interrupts off and the second on, whatever they were before: a finding where
 * they were off before. */
void spin_lock_irq(spinlock_t* lock, const struct shim_site* site);
void spin_unlock_irq(spinlock_t* lock, const struct shim_site* site);
/* With softirqs off, which nests: no timer runs on this CPU, and no other task. */
void spin_lock_bh(spinlock_t* lock, const struct shim_site* site);
void spin_unlock_bh(spinlock_t* lock, const struct shim_site* site);
/* 1, or 0 if somebody holds it. Waits for nobody. */
int spin_trylock(spinlock_t* lock, const struct shim_site* site);
bool spin_is_locked(spinlock_t* lock);
void assert_spin_locked(spinlock_t* lock, const struct shim_site* site);
/* Whether the running context holds the lock. */
bool shim_lock_is_held(const struct lockdep_map* map);
/* Number of the current holding of a lock: constant until the running context releases the lock. ~0
 * if it does not hold the lock. */
unsigned int shim_lock_sequence(const struct lockdep_map* map);
/* May sleep. */
void mutex_lock(struct mutex* lock, const struct shim_site* site);
void mutex_unlock(struct mutex* lock, const struct shim_site* site);
/* A finding when called with a spinlock held, with preemption or interrupts off, in an interrupt
 * handler, or in an RCU read-side section. */
void might_sleep(const struct shim_site* site);
/* Pairs nest. Inside a pair, the task stays on its CPU, and no other task runs there. */
void shim_preempt_disable(void);
void shim_preempt_enable(const struct shim_site* site);
/* Switch softirqs off and on; pairs nest. */
void shim_local_bh_disable(void);
void shim_local_bh_enable(const struct shim_site* site);
/* Switch interrupts on this CPU off and on; disable and enable do not nest.
 * shim_local_irq_restore() takes what shim_local_irq_save() returned. Switching them on in an
 * interrupt handler, or while a lock of spin_lock_irqsave() or spin_lock_irq() is held, is a
 * finding. */
void shim_local_irq_disable(void);
void shim_local_irq_enable(const struct shim_site* site);
unsigned long shim_local_irq_save(void);
void shim_local_irq_restore(unsigned long flags, const struct shim_site* site);
bool irqs_disabled(void);
/* Whether the run is given up at a finding: scopes that end then must not release anything. */
bool shim_is_given_up(void);
/* Run code as a hard interrupt handler would: interrupts off, no sleeping. Pairs nest. */
void shim_irq_enter(void);
void shim_irq_exit(void);

#ifdef __cplusplus
}

namespace shim {
bool runs_in_interrupt();  // what runs now, in an interrupt handler
}
#endif

#define SHIM_LOCK_CLASS(lock)                                        \
  (__extension__({                                                   \
    static struct shim_lock_class shim_class = {#lock, __func__, 0}; \
    &shim_class;                                                     \
  }))
#define spin_lock_init(lock) shim_lock_init((lock), SHIM_LOCK_CLASS(lock))
#define mutex_init(mutex) shim_lock_init(&(mutex)->lock, SHIM_LOCK_CLASS(mutex))
#define DEFINE_MUTEX(name) \
  struct mutex name = {{&name.static_class, SHIM_LOCK_MAGIC, {0, 0}}, {#name, "DEFINE_MUTEX", 0}}
#define spin_lock(lock) spin_lock((lock), SHIM_SITE)
#define lock_is_held(map) shim_lock_is_held(map)
#define lock_sequence(map) shim_lock_sequence(map)
/* For readers, too: the shim has no shared locks. */
#define lock_is_held_type(map, read) shim_lock_is_held(map)
#define lockdep_is_held(lock) shim_lock_is_held(&(lock)->dep_map)
#define lockdep_assert_held(lock) assert_spin_locked(lock)
#define spin_unlock(lock) spin_unlock((lock), SHIM_SITE)
#define spin_lock_irqsave(lock, flags)                   \
  do {                                                   \
    (flags) = shim_spin_lock_irqsave((lock), SHIM_SITE); \
  } while (0)
#define spin_unlock_irqrestore(lock, flags) spin_unlock_irqrestore((lock), (flags), SHIM_SITE)
#define spin_lock_irq(lock) spin_lock_irq((lock), SHIM_SITE)
#define spin_unlock_irq(lock) spin_unlock_irq((lock), SHIM_SITE)
#define spin_lock_bh(lock) spin_lock_bh((lock), SHIM_SITE)
#define spin_unlock_bh(lock) spin_unlock_bh((lock), SHIM_SITE)
#define spin_trylock(lock) spin_trylock((lock), SHIM_SITE)
#define assert_spin_locked(lock) assert_spin_locked((lock), SHIM_SITE)
#define mutex_lock(mutex) mutex_lock((mutex), SHIM_SITE)
#define mutex_unlock(mutex) mutex_unlock((mutex), SHIM_SITE)
#define might_sleep() might_sleep(SHIM_SITE)

#endif
