/* SPDX-License-Identifier: GPL-2.0-only */
/* Time in nanoseconds, of the virtual clock, which stands still while code runs. */
#ifndef IOVAFUZZ_LINUX_KTIME_H
#define IOVAFUZZ_LINUX_KTIME_H

#include <linux/types.h>
#include "shim/timekeeping.h"

typedef s64 ktime_t;
#define NSEC_PER_SEC 1000000000l
#define NSEC_PER_MSEC 1000000l
#define USEC_PER_SEC 1000000l

static inline ktime_t ktime_get(void) { return (ktime_t)shim_now() * NSEC_PER_MSEC; }
static inline u64 ktime_get_ns(void) { return (u64)ktime_get(); }
static inline ktime_t ktime_sub(ktime_t later, ktime_t earlier) { return later - earlier; }
static inline ktime_t ktime_add(ktime_t a, ktime_t b) { return a + b; }
static inline s64 ktime_to_ns(ktime_t time) { return time; }
static inline s64 ktime_to_us(ktime_t time) { return time / 1000; }
static inline s64 ktime_to_ms(ktime_t time) { return time / NSEC_PER_MSEC; }
static inline s64 ktime_ms_delta(ktime_t later, ktime_t earlier) {
  return ktime_to_ms(later - earlier);
}
static inline s64 ktime_us_delta(ktime_t later, ktime_t earlier) {
  return ktime_to_us(later - earlier);
}

#endif
