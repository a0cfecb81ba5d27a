/* SPDX-License-Identifier: GPL-2.0-only */
/* The running task and its CPU. */
#ifndef IOVAFUZZ_LINUX_SCHED_H
#define IOVAFUZZ_LINUX_SCHED_H

#include <linux/cpumask.h>
#include <linux/errno.h>
#include "shim/task.h"
#include "shim/timekeeping.h"

#define current (&shim_current_task)
#define cond_resched() might_sleep()
static inline void schedule(void) {}

/* Moves the task to the mask's only CPU. Returns 0, or -EINVAL if that CPU is offline. */
static inline int set_cpus_allowed_ptr(struct task_struct *task, const struct cpumask *mask) {
  (void)task;
  if (!cpu_online(mask->cpu)) return -EINVAL;
  shim_set_current_cpu(mask->cpu);
  return 0;
}

/* Time moves, and due events run. */
static inline long schedule_timeout_uninterruptible(long timeout) {
  shim_advance(jiffies_to_msecs(timeout));
  return 0;
}

#endif
