/* SPDX-License-Identifier: GPL-2.0-only */
/* Atomic counters: the names of their operations (shim/counters.h). */
#ifndef IOVAFUZZ_LINUX_ATOMIC_H
#define IOVAFUZZ_LINUX_ATOMIC_H

#include "shim/counters.h"

#define atomic_add(n, v) ((void)shim_fetch_int((v), SHIM_ADD, (n), SHIM_RELAXED, SHIM_SITE))
#define atomic_sub(n, v) ((void)shim_fetch_int((v), SHIM_ADD, -(n), SHIM_RELAXED, SHIM_SITE))
#define atomic_and(n, v) ((void)shim_fetch_int((v), SHIM_AND, (n), SHIM_RELAXED, SHIM_SITE))
#define atomic_or(n, v) ((void)shim_fetch_int((v), SHIM_OR, (n), SHIM_RELAXED, SHIM_SITE))
#define atomic_xor(n, v) ((void)shim_fetch_int((v), SHIM_XOR, (n), SHIM_RELAXED, SHIM_SITE))
#define atomic_inc(v) atomic_add(1, v)
#define atomic_dec(v) atomic_sub(1, v)
#define atomic_fetch_add(n, v) shim_fetch_int((v), SHIM_ADD, (n), SHIM_FULL, SHIM_SITE)
#define atomic_fetch_sub(n, v) shim_fetch_int((v), SHIM_ADD, -(n), SHIM_FULL, SHIM_SITE)
#define atomic_fetch_and(n, v) shim_fetch_int((v), SHIM_AND, (n), SHIM_FULL, SHIM_SITE)
#define atomic_fetch_or(n, v) shim_fetch_int((v), SHIM_OR, (n), SHIM_FULL, SHIM_SITE)
#define atomic_fetch_xor(n, v) shim_fetch_int((v), SHIM_XOR, (n), SHIM_FULL, SHIM_SITE)
#define atomic_add_return(n, v) shim_change_int((v), SHIM_ADD, (n), SHIM_FULL, SHIM_SITE)
#define atomic_sub_return(n, v) shim_change_int((v), SHIM_ADD, -(n), SHIM_FULL, SHIM_SITE)
#define atomic_inc_return(v) atomic_add_return(1, v)
#define atomic_dec_return(v) atomic_sub_return(1, v)
#define atomic_cmpxchg(v, old, n) \
  shim_change_if_int((v), true, (old), SHIM_SET, (n), SHIM_FULL, SHIM_SITE)
#define atomic_try_cmpxchg(v, old, n) shim_try_exchange_int((v), (old), (n), SHIM_FULL, SHIM_SITE)
#define atomic_add_return_relaxed(n, v) shim_change_int((v), SHIM_ADD, (n), SHIM_RELAXED, SHIM_SITE)
#define atomic_sub_return_relaxed(n, v) \
  shim_change_int((v), SHIM_ADD, -(n), SHIM_RELAXED, SHIM_SITE)
#define atomic_inc_return_relaxed(v) atomic_add_return_relaxed(1, v)
#define atomic_dec_return_relaxed(v) atomic_sub_return_relaxed(1, v)
#define atomic_xchg_relaxed(v, n) shim_fetch_int((v), SHIM_SET, (n), SHIM_RELAXED, SHIM_SITE)
#define atomic_cmpxchg_relaxed(v, old, n) \
  shim_change_if_int((v), true, (old), SHIM_SET, (n), SHIM_RELAXED, SHIM_SITE)
#define atomic_try_cmpxchg_relaxed(v, old, n) \
  shim_try_exchange_int((v), (old), (n), SHIM_RELAXED, SHIM_SITE)
#define atomic_add_return_acquire(n, v) shim_change_int((v), SHIM_ADD, (n), SHIM_ACQUIRE, SHIM_SITE)
#define atomic_sub_return_acquire(n, v) \
  shim_change_int((v), SHIM_ADD, -(n), SHIM_ACQUIRE, SHIM_SITE)
#define atomic_inc_return_acquire(v) atomic_add_return_acquire(1, v)
#define atomic_dec_return_acquire(v) atomic_sub_return_acquire(1, v)
#define atomic_xchg_acquire(v, n) shim_fetch_int((v), SHIM_SET, (n), SHIM_ACQUIRE, SHIM_SITE)
#define atomic_cmpxchg_acquire(v, old, n) \
  shim_change_if_int((v), true, (old), SHIM_SET, (n), SHIM_ACQUIRE, SHIM_SITE)
#define atomic_try_cmpxchg_acquire(v, old, n) \
  shim_try_exchange_int((v), (old), (n), SHIM_ACQUIRE, SHIM_SITE)
#define atomic_add_return_release(n, v) shim_change_int((v), SHIM_ADD, (n), SHIM_RELEASE, SHIM_SITE)
#define atomic_sub_return_release(n, v) \
  shim_change_int((v), SHIM_ADD, -(n), SHIM_RELEASE, SHIM_SITE)
#define atomic_inc_return_release(v) atomic_add_return_release(1, v)
#define atomic_dec_return_release(v) atomic_sub_return_release(1, v)
#define atomic_xchg_release(v, n) shim_fetch_int((v), SHIM_SET, (n), SHIM_RELEASE, SHIM_SITE)
#define atomic_cmpxchg_release(v, old, n) \
  shim_change_if_int((v), true, (old), SHIM_SET, (n), SHIM_RELEASE, SHIM_SITE)
#define atomic_try_cmpxchg_release(v, old, n) \
  shim_try_exchange_int((v), (old), (n), SHIM_RELEASE, SHIM_SITE)
#define atomic_fetch_inc(v) atomic_fetch_add(1, v)
#define atomic_fetch_dec(v) atomic_fetch_sub(1, v)
#define atomic_sub_and_test(n, v) (atomic_sub_return(n, v) == 0)
#define atomic_inc_and_test(v) (atomic_inc_return(v) == 0)
#define atomic_dec_and_test(v) (atomic_dec_return(v) == 0)
#define atomic_fetch_add_unless(v, n, unless) \
  shim_change_if_int((v), false, (unless), SHIM_ADD, (n), SHIM_FULL, SHIM_SITE)
#define atomic_add_unless(v, n, unless) shim_add_unless_int((v), (n), (unless), SHIM_SITE)
#define atomic_inc_not_zero(v) atomic_add_unless(v, 1, 0)
#define atomic_read_acquire(v) smp_load_acquire(&(v)->counter)
#define atomic_set_release(v, n) smp_store_release(&(v)->counter, n)

#define atomic64_add(n, v) ((void)shim_fetch_64((v), SHIM_ADD, (n), SHIM_RELAXED, SHIM_SITE))
#define atomic64_sub(n, v) ((void)shim_fetch_64((v), SHIM_ADD, -(n), SHIM_RELAXED, SHIM_SITE))
#define atomic64_and(n, v) ((void)shim_fetch_64((v), SHIM_AND, (n), SHIM_RELAXED, SHIM_SITE))
#define atomic64_or(n, v) ((void)shim_fetch_64((v), SHIM_OR, (n), SHIM_RELAXED, SHIM_SITE))
#define atomic64_xor(n, v) ((void)shim_fetch_64((v), SHIM_XOR, (n), SHIM_RELAXED, SHIM_SITE))
#define atomic64_dec(v) atomic64_sub(1, v)
#define atomic64_fetch_add(n, v) shim_fetch_64((v), SHIM_ADD, (n), SHIM_FULL, SHIM_SITE)
#define atomic64_fetch_sub(n, v) shim_fetch_64((v), SHIM_ADD, -(n), SHIM_FULL, SHIM_SITE)
#define atomic64_fetch_and(n, v) shim_fetch_64((v), SHIM_AND, (n), SHIM_FULL, SHIM_SITE)
#define atomic64_fetch_or(n, v) shim_fetch_64((v), SHIM_OR, (n), SHIM_FULL, SHIM_SITE)
#define atomic64_fetch_xor(n, v) shim_fetch_64((v), SHIM_XOR, (n), SHIM_FULL, SHIM_SITE)
#define atomic64_add_return(n, v) shim_change_64((v), SHIM_ADD, (n), SHIM_FULL, SHIM_SITE)
#define atomic64_sub_return(n, v) shim_change_64((v), SHIM_ADD, -(n), SHIM_FULL, SHIM_SITE)
#define atomic64_inc_return(v) atomic64_add_return(1, v)
#define atomic64_dec_return(v) atomic64_sub_return(1, v)
#define atomic64_xchg(v, n) shim_fetch_64((v), SHIM_SET, (n), SHIM_FULL, SHIM_SITE)
#define atomic64_cmpxchg(v, old, n) \
  shim_change_if_64((v), true, (old), SHIM_SET, (n), SHIM_FULL, SHIM_SITE)
#define atomic64_try_cmpxchg(v, old, n) shim_try_exchange_64((v), (old), (n), SHIM_FULL, SHIM_SITE)
#define atomic64_add_return_relaxed(n, v) \
  shim_change_64((v), SHIM_ADD, (n), SHIM_RELAXED, SHIM_SITE)
#define atomic64_sub_return_relaxed(n, v) \
  shim_change_64((v), SHIM_ADD, -(n), SHIM_RELAXED, SHIM_SITE)
#define atomic64_inc_return_relaxed(v) atomic64_add_return_relaxed(1, v)
#define atomic64_dec_return_relaxed(v) atomic64_sub_return_relaxed(1, v)
#define atomic64_xchg_relaxed(v, n) shim_fetch_64((v), SHIM_SET, (n), SHIM_RELAXED, SHIM_SITE)
#define atomic64_cmpxchg_relaxed(v, old, n) \
  shim_change_if_64((v), true, (old), SHIM_SET, (n), SHIM_RELAXED, SHIM_SITE)
#define atomic64_try_cmpxchg_relaxed(v, old, n) \
  shim_try_exchange_64((v), (old), (n), SHIM_RELAXED, SHIM_SITE)
#define atomic64_add_return_acquire(n, v) \
  shim_change_64((v), SHIM_ADD, (n), SHIM_ACQUIRE, SHIM_SITE)
#define atomic64_sub_return_acquire(n, v) \
  shim_change_64((v), SHIM_ADD, -(n), SHIM_ACQUIRE, SHIM_SITE)
#define atomic64_inc_return_acquire(v) atomic64_add_return_acquire(1, v)
#define atomic64_dec_return_acquire(v) atomic64_sub_return_acquire(1, v)
#define atomic64_xchg_acquire(v, n) shim_fetch_64((v), SHIM_SET, (n), SHIM_ACQUIRE, SHIM_SITE)
#define atomic64_cmpxchg_acquire(v, old, n) \
  shim_change_if_64((v), true, (old), SHIM_SET, (n), SHIM_ACQUIRE, SHIM_SITE)
#define atomic64_try_cmpxchg_acquire(v, old, n) \
  shim_try_exchange_64((v), (old), (n), SHIM_ACQUIRE, SHIM_SITE)
#define atomic64_add_return_release(n, v) \
  shim_change_64((v), SHIM_ADD, (n), SHIM_RELEASE, SHIM_SITE)
#define atomic64_sub_return_release(n, v) \
  shim_change_64((v), SHIM_ADD, -(n), SHIM_RELEASE, SHIM_SITE)
#define atomic64_inc_return_release(v) atomic64_add_return_release(1, v)
#define atomic64_dec_return_release(v) atomic64_sub_return_release(1, v)
#define atomic64_xchg_release(v, n) shim_fetch_64((v), SHIM_SET, (n), SHIM_RELEASE, SHIM_SITE)
#define atomic64_cmpxchg_release(v, old, n) \
  shim_change_if_64((v), true, (old), SHIM_SET, (n), SHIM_RELEASE, SHIM_SITE)
#define atomic64_try_cmpxchg_release(v, old, n) \
  shim_try_exchange_64((v), (old), (n), SHIM_RELEASE, SHIM_SITE)
#define atomic64_fetch_inc(v) atomic64_fetch_add(1, v)
#define atomic64_fetch_dec(v) atomic64_fetch_sub(1, v)
#define atomic64_sub_and_test(n, v) (atomic64_sub_return(n, v) == 0)
#define atomic64_inc_and_test(v) (atomic64_inc_return(v) == 0)
#define atomic64_dec_and_test(v) (atomic64_dec_return(v) == 0)
#define atomic64_fetch_add_unless(v, n, unless) \
  shim_change_if_64((v), false, (unless), SHIM_ADD, (n), SHIM_FULL, SHIM_SITE)
#define atomic64_add_unless(v, n, unless) shim_add_unless_64((v), (n), (unless), SHIM_SITE)
#define atomic64_inc_not_zero(v) atomic64_add_unless(v, 1, 0)
#define atomic64_read_acquire(v) smp_load_acquire(&(v)->counter)
#define atomic64_set_release(v, n) smp_store_release(&(v)->counter, n)

#define atomic_long_add(n, v) atomic64_add(n, v)
#define atomic_long_sub(n, v) atomic64_sub(n, v)
#define atomic_long_inc(v) atomic64_inc(v)
#define atomic_long_dec(v) atomic64_dec(v)
#define atomic_long_add_return(n, v) atomic64_add_return(n, v)
#define atomic_long_sub_return(n, v) atomic64_sub_return(n, v)
#define atomic_long_inc_return(v) atomic64_inc_return(v)
#define atomic_long_dec_return(v) atomic64_dec_return(v)
#define atomic_long_xchg(v, n) atomic64_xchg(v, n)
#define atomic_long_cmpxchg(v, old, n) atomic64_cmpxchg(v, old, n)
#define atomic_long_fetch_add(n, v) atomic64_fetch_add(n, v)
#define atomic_long_fetch_sub(n, v) atomic64_fetch_sub(n, v)
#define atomic_long_fetch_inc(v) atomic64_fetch_inc(v)
#define atomic_long_fetch_dec(v) atomic64_fetch_dec(v)
#define atomic_long_inc_and_test(v) atomic64_inc_and_test(v)
#define atomic_long_dec_and_test(v) atomic64_dec_and_test(v)
#define atomic_long_add_unless(v, n, unless) atomic64_add_unless(v, n, unless)
#define atomic_long_inc_not_zero(v) atomic64_inc_not_zero(v)
#define atomic_long_read_acquire(v) atomic64_read_acquire(v)
#define atomic_long_set_release(v, n) atomic64_set_release(v, n)
#define atomic_long_read(v) atomic64_read(v)
#define atomic_long_set(v, n) atomic64_set(v, n)

#endif
