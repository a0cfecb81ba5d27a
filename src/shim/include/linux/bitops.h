/* SPDX-License-Identifier: GPL-2.0-only */
/* Bits of a word; bit 0 is the lowest. */
#ifndef IOVAFUZZ_LINUX_BITOPS_H
#define IOVAFUZZ_LINUX_BITOPS_H

#include <linux/types.h>

#define BITS_PER_LONG 64
#define BIT(n) (1ul << (n))

/* Index of the lowest set bit; undefined for 0. */
static inline unsigned long __ffs(unsigned long word) { return __builtin_ctzl(word); }
static inline unsigned long __ffs64(unsigned long long word) {
  return (unsigned long)__builtin_ctzll(word);
}
/* Index of the highest set bit; undefined for 0. */
static inline unsigned long __fls(unsigned long word) {
  return BITS_PER_LONG - 1 - (unsigned long)__builtin_clzl(word);
}
/* Index of the highest set bit, from 1; 0 for 0. */
static inline unsigned fls_long(unsigned long word) {
  return word ? BITS_PER_LONG - __builtin_clzl(word) : 0;
}

#endif
