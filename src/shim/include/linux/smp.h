/* SPDX-License-Identifier: GPL-2.0-only */
/* The current CPU. */
#ifndef IOVAFUZZ_LINUX_SMP_H
#define IOVAFUZZ_LINUX_SMP_H

#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include "shim/cpu.h"

#define get_cpu()       \
  (__extension__({      \
    preempt_disable();  \
    smp_processor_id(); \
  }))
#define put_cpu() preempt_enable()

#endif
