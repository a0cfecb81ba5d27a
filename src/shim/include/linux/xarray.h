/* SPDX-License-Identifier: GPL-2.0-only */
/* Entries of XArrays and maple trees that are not pointers. The XArray itself is not here. */
#ifndef IOVAFUZZ_LINUX_XARRAY_H
#define IOVAFUZZ_LINUX_XARRAY_H

#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/types.h>

/*
 * A value entry has 63 bits of value and its lowest bit set. An internal entry, which only the
 * structure itself makes, ends in the bits 10. Small internal entries are siblings or marks,
 * negative ones are errors, and the others are nodes.
 */
static inline void *xa_mk_value(unsigned long value) {
  WARN_ON((long)value < 0);
  return (void *)(value << 1 | 1);
}
static inline unsigned long xa_to_value(const void *entry) { return (unsigned long)entry >> 1; }
static inline bool xa_is_value(const void *entry) { return (unsigned long)entry & 1; }

static inline void *xa_mk_internal(unsigned long value) { return (void *)(value << 2 | 2); }
static inline unsigned long xa_to_internal(const void *entry) { return (unsigned long)entry >> 2; }
static inline bool xa_is_internal(const void *entry) { return ((unsigned long)entry & 3) == 2; }
static inline bool xa_is_node(const void *entry) {
  return xa_is_internal(entry) && (unsigned long)entry > 4096;
}

#define XA_RETRY_ENTRY xa_mk_internal(256)
#define XA_ZERO_ENTRY xa_mk_internal(257)
static inline bool xa_is_zero(const void *entry) { return entry == XA_ZERO_ENTRY; }
/* Whether users of the normal interface must not store the entry. */
static inline bool xa_is_advanced(const void *entry) {
  return xa_is_internal(entry) && entry <= XA_RETRY_ENTRY;
}

#define MAX_ERRNO 4095
static inline bool xa_is_err(const void *entry) {
  return xa_is_internal(entry) && entry >= xa_mk_internal(-MAX_ERRNO);
}
/* Returns the negative error number, or 0 if the entry is no error. */
static inline int xa_err(void *entry) { return xa_is_err(entry) ? (int)((long)entry >> 2) : 0; }

#endif
