/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marked accesses (linux/compiler.h, linux/atomic.h, v6.12): READ_ONCE(), WRITE_ONCE(), barriers,
 * and loads and stores of atomic counters; counters.h changes counters. The shim runs on one
 * thread, so each is a plain access here. The mark tells the race detector (races.h) that the
 * access may race with other marked ones; a barrier tells it which accesses are ordered.
 */
#ifndef IOVAFUZZ_SHIM_ATOMIC_H
#define IOVAFUZZ_SHIM_ATOMIC_H

#include "site.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Marks the next access to this address; an update marks the next two, a read and a write. */
const volatile void* shim_mark(const volatile void* address, const struct shim_site* site);
void shim_mark_update(const volatile void* address, const struct shim_site* site);
/* The same, without a scheduling point. */
const volatile void* shim_mark_aside(const volatile void* address);
void shim_mark_update_aside(const volatile void* address);
/* Reports a read of a pointer to the race detector, from code that is not instrumented. */
void shim_access_aside(const volatile void* address);

/* Accesses that a barrier orders: writes with writes, reads with reads, or all. */
enum shim_order { SHIM_WRITES = 1, SHIM_READS = 2, SHIM_ALL = 7 };
void shim_barrier(enum shim_order order);

typedef struct {
  int counter;
} atomic_t;
typedef struct {
  long long counter;
} atomic64_t;

#ifdef __cplusplus
}
#endif

/* A marked read by the allocator's caller. It is no scheduling point: points count from the call
 * on. */
#define shim_read_aside(x) (*(const volatile __typeof__(x)*)shim_mark_aside(&(x)))

/* One access, which the compiler neither splits nor repeats. */
#define READ_ONCE(x) (*(const volatile __typeof__(x)*)shim_mark(&(x), SHIM_SITE))
#define WRITE_ONCE(x, value)                                           \
  do {                                                                 \
    const __typeof__(x) shim_value = (value);                          \
    *(volatile __typeof__(x)*)shim_mark(&(x), SHIM_SITE) = shim_value; \
  } while (0)

#define smp_mb() shim_barrier(SHIM_ALL)
#define smp_rmb() shim_barrier(SHIM_READS)
#define smp_wmb() shim_barrier(SHIM_WRITES)
/* Later accesses come after the load; earlier accesses come before the store. */
#define smp_load_acquire(pointer)                               \
  (__extension__({                                              \
    __typeof__(*(pointer)) shim_loaded = READ_ONCE(*(pointer)); \
    shim_barrier(SHIM_READS);                                   \
    shim_loaded;                                                \
  }))
#define smp_store_release(pointer, value) \
  do {                                    \
    shim_barrier(SHIM_WRITES);            \
    WRITE_ONCE(*(pointer), value);        \
  } while (0)

#define atomic_read(v) READ_ONCE((v)->counter)
#define atomic_set(v, value) WRITE_ONCE((v)->counter, value)
#define atomic64_read(v) READ_ONCE((v)->counter)
#define atomic64_set(v, value) WRITE_ONCE((v)->counter, value)

#endif
