/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Read-copy-update (linux/rcupdate.h, v6.12) on one thread.
 *
 * A grace period ends whenever time moves (timekeeping.h), unless a context is still in a read-side
 * section. All waiting callbacks then run in interrupt context, oldest first. rcu_barrier() runs
 * them as well; synchronize_rcu() waits for readers only and may leave callbacks waiting. Broken
 * rules are findings (oracles.inc, rcu-*).
 */
#ifndef IOVAFUZZ_SHIM_RCU_H
#define IOVAFUZZ_SHIM_RCU_H

#include <stdbool.h>

#include "locks.h"
#include "site.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rcu_head {
  struct rcu_head* next;
  void (*func)(struct rcu_head* head);
};

/* Sections nest. Nothing in one may sleep. */
void shim_rcu_read_lock(void);
void shim_rcu_read_unlock(const struct shim_site* site);
bool rcu_read_lock_held(void);
/* head must not be queued already, and its memory must outlive the callback. */
void call_rcu(struct rcu_head* head, void (*func)(struct rcu_head* head),
              const struct shim_site* site);
/* Frees the object around head, from kmalloc() or a cache, after a grace period. */
void shim_kfree_rcu(struct rcu_head* head, const void* object, const struct shim_site* site);
/* Waits for all current read-side sections to end. May sleep. */
void synchronize_rcu(const struct shim_site* site);
/* Returns once all queued callbacks have ended, those that run in suspended contexts, too. May
 * sleep. */
void rcu_barrier(const struct shim_site* site);
/* Called at each dereference: a finding unless is_protected, at most once per operation. */
void shim_check_rcu_access(bool is_protected, const struct shim_site* site);
/* Held while a callback runs, since no reader can see its object any more. */
extern struct lockdep_map rcu_callback_map;

#ifdef __cplusplus
}
#endif

#define rcu_read_lock() shim_rcu_read_lock()
#define rcu_read_unlock() shim_rcu_read_unlock(SHIM_SITE)
#define call_rcu(head, func) call_rcu((head), (func), SHIM_SITE)
#define kfree_rcu(pointer, member) shim_kfree_rcu(&(pointer)->member, (pointer), SHIM_SITE)
#define synchronize_rcu() synchronize_rcu(SHIM_SITE)
#define rcu_barrier() rcu_barrier(SHIM_SITE)

#endif
