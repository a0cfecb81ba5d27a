/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The running task (linux/sched.h), reduced to the fields that tests use: KUnit's current case, and
 * the kernel's own fault injection by task, failslab (linux/fault-inject.h, v6.12).
 */
#ifndef IOVAFUZZ_SHIM_TASK_H
#define IOVAFUZZ_SHIM_TASK_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kunit;
struct task_struct {
  unsigned int fail_nth; /* the n-th slab allocation from now on fails; 0: none */
  struct kunit* kunit_test;
};
extern struct task_struct shim_current_task;

/* Files in the folder failslab of debugfs. */
struct shim_failslab_knobs {
  bool ignore_gfp_wait; /* allocations that may sleep do not fail and are not counted */
};
extern struct shim_failslab_knobs shim_failslab;

#ifdef __cplusplus
}
#endif

#endif
