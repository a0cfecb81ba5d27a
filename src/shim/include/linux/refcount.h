/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters of references, which complain of use after the last one was dropped. */
#ifndef IOVAFUZZ_LINUX_REFCOUNT_H
#define IOVAFUZZ_LINUX_REFCOUNT_H

#include "shim/atomic.h"
#include "shim/bug.h"

typedef struct {
  atomic_t refs;
} refcount_t;

#define REFCOUNT_INIT(n) \
  {                      \
    { (n) }              \
  }
#define refcount_set(r, n) atomic_set(&(r)->refs, (n))
#define refcount_read(r) ((unsigned int)atomic_read(&(r)->refs))

/* What it was before. */
static inline int shim_refcount_add(refcount_t *r, int n, bool unless_zero,
                                    const struct shim_site *site) {
  shim_mark_update(&r->refs, site);
  volatile int *refs = &r->refs.counter;
  int before = *refs;
  if (before || !unless_zero) *refs = before + n;
  return before;
}
static inline void shim_refcount_inc(refcount_t *r, const struct shim_site *site) {
  shim_warn_on(shim_refcount_add(r, 1, false, site) <= 0, "refcount: addition on 0", site);
}
static inline bool shim_refcount_inc_not_zero(refcount_t *r, const struct shim_site *site) {
  return shim_refcount_add(r, 1, true, site);
}
/* Orders what was done with the object before, and what the last one does after. */
static inline bool shim_refcount_dec_and_test(refcount_t *r, const struct shim_site *site) {
  shim_barrier(SHIM_ALL);
  int before = shim_refcount_add(r, -1, false, site);
  shim_warn_on(before <= 0, "refcount: underflow", site);
  shim_barrier(SHIM_ALL);
  return before == 1;
}
#define refcount_inc(r) shim_refcount_inc((r), SHIM_SITE)
#define refcount_inc_not_zero(r) shim_refcount_inc_not_zero((r), SHIM_SITE)
#define refcount_dec_and_test(r) shim_refcount_dec_and_test((r), SHIM_SITE)
/* Somebody else has one. */
#define refcount_dec(r) ((void)WARN_ON(refcount_dec_and_test(r)))

#endif
