/* SPDX-License-Identifier: GPL-2.0-only */
/* Per-CPU memory. */
#ifndef IOVAFUZZ_LINUX_PERCPU_H
#define IOVAFUZZ_LINUX_PERCPU_H

#include <linux/compiler.h>
#include <linux/cpumask.h>
#include <linux/preempt.h>
#include "shim/cpu.h"
#include "shim/percpu.h"

#define alloc_percpu(type) ((type __percpu *)__alloc_percpu(sizeof(type), __alignof__(type)))
#define this_cpu_ptr(object) per_cpu_ptr(object, smp_processor_id())

/* One access to this CPU's copy of a variable, from any context: neither an interrupt nor a move to
 * another CPU comes between. A variable is *object or object->member. */
#define this_cpu_read(variable) \
  (*(const volatile __typeof__(variable) *)shim_this_cpu_access(&(variable), SHIM_SITE))
#define this_cpu_write(variable, value)                                                          \
  do {                                                                                           \
    const __typeof__(variable) shim_value = (value);                                             \
    *(volatile __typeof__(variable) *)shim_this_cpu_access(&(variable), SHIM_SITE) = shim_value; \
  } while (0)
#define this_cpu_add_return(variable, n)                                                   \
  ({                                                                                       \
    const __typeof__(variable) shim_n = (__typeof__(variable))(n);                         \
    volatile __typeof__(variable) *shim_at = shim_this_cpu_update(&(variable), SHIM_SITE); \
    const __typeof__(variable) shim_sum = *shim_at + shim_n;                               \
    *shim_at = shim_sum;                                                                   \
    shim_sum;                                                                              \
  })
#define this_cpu_xchg(variable, value)                                                     \
  ({                                                                                       \
    const __typeof__(variable) shim_value = (value);                                       \
    volatile __typeof__(variable) *shim_at = shim_this_cpu_update(&(variable), SHIM_SITE); \
    const __typeof__(variable) shim_before = *shim_at;                                     \
    *shim_at = shim_value;                                                                 \
    shim_before;                                                                           \
  })
#define this_cpu_inc_return(variable) this_cpu_add_return(variable, 1)
#define this_cpu_dec_return(variable) this_cpu_add_return(variable, -1)
#define this_cpu_add(variable, n) ((void)this_cpu_add_return(variable, n))
#define this_cpu_sub(variable, n) this_cpu_add(variable, -(n))
#define this_cpu_inc(variable) this_cpu_add(variable, 1)
#define this_cpu_dec(variable) this_cpu_add(variable, -1)

/* Plain accesses, for callers that stay on their CPU. */
#define shim_this_cpu(variable) \
  (*(__typeof__(variable) *)shim_this_cpu_plain(&(variable), SHIM_SITE))
#define __this_cpu_read(variable) ((__typeof__(variable))shim_this_cpu(variable))
#define __this_cpu_write(variable, value) ((void)(shim_this_cpu(variable) = (value)))
#define __this_cpu_add(variable, n) ((void)(shim_this_cpu(variable) += (n)))
#define __this_cpu_sub(variable, n) ((void)(shim_this_cpu(variable) -= (n)))
#define __this_cpu_inc(variable) __this_cpu_add(variable, 1)
#define __this_cpu_dec(variable) __this_cpu_sub(variable, 1)

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
