/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Includes what iova.c includes, and uses what Linux's headers of these names bring with them: code
 * that compiles in Linux has no reason to include more.
 */
#include <linux/bitops.h>
#include <linux/cpu.h>
#include <linux/kmemleak.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/workqueue.h>

static DEFINE_SPINLOCK(a_lock);
static DEFINE_MUTEX(a_mutex);
static LIST_HEAD(a_list);
static LLIST_HEAD(a_lockless_list);
static atomic_long_t a_counter = ATOMIC_LONG_INIT(0);
static void work(struct work_struct* work) { (void)work; }

/* Whether all works. */
bool headers_of_iova_suffice(void);
bool headers_of_iova_suffice(void) {
  unsigned long flags;
  struct delayed_work later;
  int* counts = alloc_percpu(int);

  local_irq_save(flags);
  if (!spin_trylock(&a_lock)) return false;
  spin_unlock(&a_lock);
  local_irq_restore(flags);
  preempt_disable();
  local_bh_disable();
  rcu_read_lock();
  rcu_read_unlock();
  local_bh_enable();
  preempt_enable();
  mutex_lock(&a_mutex);
  lockdep_assert_held(&a_mutex.lock);
  mutex_unlock(&a_mutex);
  if (counts) this_cpu_inc(*counts);
  free_percpu(counts);
  INIT_DELAYED_WORK(&later, work);
  if (!schedule_delayed_work_on(numa_node_id(), &later, HZ)) return false;
  cancel_delayed_work_sync(&later);
  return list_empty(&a_list) && llist_empty(&a_lockless_list) &&
         atomic_long_inc_return(&a_counter) && time_after(jiffies + 1, jiffies);
}
