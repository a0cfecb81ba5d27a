/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marked accesses: READ_ONCE() and its like, atomic counters and barriers (linux/compiler.h,
 * linux/atomic.h, v6.12). One thread runs, so each is a plain access here; the mark tells who looks
 * for data races (races.h) that this one may meet others, and barriers tell what they order.
 */
#ifndef IOVAFUZZ_SHIM_ATOMIC_H
#define IOVAFUZZ_SHIM_ATOMIC_H

#include "site.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The next access to that address is a marked one; of an update, the next two. */
const volatile void* shim_mark(const volatile void* address, const struct shim_site* site);
void shim_mark_update(const volatile void* address, const struct shim_site* site);
/* The same without a scheduling point. */
const volatile void* shim_mark_aside(const volatile void* address);
/* Reads a pointer, where the compiler does not tell of it. */
void shim_access_aside(const volatile void* address);

/* Between accesses before and after it: SHIM_WRITES and SHIM_READS among each other, or both and
 * one with the other. */
enum shim_order { SHIM_WRITES = 1, SHIM_READS = 2, SHIM_ALL = 7 };
void shim_barrier(enum shim_order order);

typedef struct {
  int counter;
} atomic_t;
typedef struct {
  long long counter;
} atomic64_t;

/* Both return the value before, and are full barriers. */
static inline int shim_atomic_exchange(atomic_t* v, int value, const struct shim_site* site) {
  shim_mark_update(v, site);
  shim_barrier(SHIM_ALL);
  volatile int* counter = &v->counter;
  int before = *counter;
  *counter = value;
  shim_barrier(SHIM_ALL);
  return before;
}
static inline int shim_atomic_compare_exchange(atomic_t* v, int old, int value,
                                               const struct shim_site* site) {
  shim_mark_update(v, site);
  shim_barrier(SHIM_ALL);
  volatile int* counter = &v->counter;
  int before = *counter;
  if (before == old) *counter = value;
  shim_barrier(SHIM_ALL);
  return before;
}
static inline void shim_atomic64_inc(atomic64_t* v, const struct shim_site* site) {
  shim_mark_update(v, site);
  volatile long long* counter = &v->counter;
  *counter = *counter + 1;
}

#ifdef __cplusplus
}
#endif

/* What a caller of the allocator reads; scheduling points count from the call on. */
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
/* What follows the load comes after it; what is before the store comes before it. */
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
#define atomic64_inc(v) shim_atomic64_inc((v), SHIM_SITE)
#define atomic_xchg(v, value) shim_atomic_exchange((v), (value), SHIM_SITE)
#define atomic_cmpxchg(v, old, value) shim_atomic_compare_exchange((v), (old), (value), SHIM_SITE)

#endif
