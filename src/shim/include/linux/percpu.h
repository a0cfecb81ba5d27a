/* SPDX-License-Identifier: GPL-2.0-only */
/* Per-CPU memory. */
#ifndef IOVAFUZZ_LINUX_PERCPU_H
#define IOVAFUZZ_LINUX_PERCPU_H

#include <linux/compiler.h>
#include <linux/preempt.h>
#include "shim/cpu.h"
#include "shim/percpu.h"

#define alloc_percpu(type) ((type __percpu *)__alloc_percpu(sizeof(type), __alignof__(type)))
#define this_cpu_ptr(object) per_cpu_ptr(object, smp_processor_id())
#define get_cpu_ptr(object) \
  (__extension__({          \
    preempt_disable();      \
    this_cpu_ptr(object);   \
  }))
#define put_cpu_ptr(object) \
  do {                      \
    (void)(object);         \
    preempt_enable();       \
  } while (0)

#endif
