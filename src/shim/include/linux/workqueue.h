/* SPDX-License-Identifier: GPL-2.0-only */
/* Work, immediate or delayed. */
#ifndef IOVAFUZZ_LINUX_WORKQUEUE_H
#define IOVAFUZZ_LINUX_WORKQUEUE_H

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/container_of.h>
#include <linux/cpumask.h>
#include <linux/lockdep.h>
#include <linux/rcupdate.h>
#include <linux/timer.h>
#include "shim/timekeeping.h"

/* Work may run on any CPU, so that of the caller's choice is one of them. */
#define queue_work_on(cpu, queue, work) ((void)(cpu), queue_work(queue, work))
#define schedule_work_on(cpu, work) queue_work_on(cpu, system_wq, work)
#define queue_delayed_work_on(cpu, queue, delayed, delay) \
  ((void)(cpu), queue_delayed_work(queue, delayed, delay))
#define schedule_delayed_work_on(cpu, delayed, delay) \
  queue_delayed_work_on(cpu, system_wq, delayed, delay)
#define mod_delayed_work_on(cpu, queue, delayed, delay) \
  ((void)(cpu), mod_delayed_work(queue, delayed, delay))

#define to_delayed_work(pointer) container_of(pointer, struct delayed_work, work)

#endif
