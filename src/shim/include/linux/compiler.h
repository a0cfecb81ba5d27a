/* SPDX-License-Identifier: GPL-2.0-only */
/* Compiler attributes and hints. Address-space annotations expand to nothing. */
#ifndef IOVAFUZZ_LINUX_COMPILER_H
#define IOVAFUZZ_LINUX_COMPILER_H

#include "shim/atomic.h"

#define __always_inline inline __attribute__((always_inline))
#define noinline __attribute__((noinline))
#define __maybe_unused __attribute__((unused))
#define __must_check __attribute__((warn_unused_result))
#define __percpu
#define __rcu
#define __must_hold(lock)
#define __init
#define __initdata
#define __exit
#define __read_mostly
#define __ro_after_init
#define __cacheline_aligned
#define ____cacheline_aligned_in_smp
#define fallthrough __attribute__((fallthrough))
#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)
#define barrier() __asm__ __volatile__("" ::: "memory")

#endif
