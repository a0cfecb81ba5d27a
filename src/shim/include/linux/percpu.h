/* SPDX-License-Identifier: GPL-2.0-only */
/* Per-CPU memory. */
#ifndef IOVAFUZZ_LINUX_PERCPU_H
#define IOVAFUZZ_LINUX_PERCPU_H

#include <linux/compiler.h>
#include "shim/cpu.h"
#include "shim/percpu.h"

#define alloc_percpu(type) ((type __percpu *)__alloc_percpu(sizeof(type), __alignof__(type)))
/* Preemption does not exist, so this CPU stays this CPU. */
#define this_cpu_ptr(object) raw_cpu_ptr(object)
#define get_cpu_ptr(object) raw_cpu_ptr(object)
#define put_cpu_ptr(object) ((void)(object))

#endif
