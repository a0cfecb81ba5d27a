/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The task that runs (linux/sched.h), as far as tests set something of it: the kernel's own fault
 * injection by task, failslab (linux/fault-inject.h, v6.12).
 */
#ifndef IOVAFUZZ_SHIM_TASK_H
#define IOVAFUZZ_SHIM_TASK_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kunit;
struct task_struct {
  unsigned int fail_nth; /* the n-th object that is asked for from now on is refused; 0: none */
  struct kunit* kunit_test;
};
extern struct task_struct shim_current_task;

/* Files of debugfs, below failslab. */
struct shim_failslab_knobs {
  bool ignore_gfp_wait; /* who may sleep is spared, and not counted */
};
extern struct shim_failslab_knobs shim_failslab;

#ifdef __cplusplus
}
#endif

#endif
