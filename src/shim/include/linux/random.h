/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers, the same in every process. Each file that includes this header has its own
 * sequence. */
#ifndef IOVAFUZZ_LINUX_RANDOM_H
#define IOVAFUZZ_LINUX_RANDOM_H

#include <linux/types.h>

/* A step of splitmix64. */
static inline u64 shim_next_random(u64 *state) {
  u64 x = *state += 0x9e3779b97f4a7c15ull;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ x >> 27) * 0x94d049bb133111ebull;
  return x ^ x >> 31;
}

static inline u64 get_random_u64(void) {
  static u64 state;
  return shim_next_random(&state);
}
static inline u32 get_random_u32(void) { return (u32)(get_random_u64() >> 32); }
static inline unsigned long get_random_long(void) { return get_random_u64(); }
/* Returns a number below end, which must not be 0. */
static inline u32 get_random_u32_below(u32 end) { return (u32)(get_random_u64() % end); }
/* Returns a number from first to last, both included. */
static inline u32 get_random_u32_inclusive(u32 first, u32 last) {
  return first + (u32)(get_random_u64() % ((u64)last - first + 1));
}
static inline void get_random_bytes(void *bytes, size_t count) {
  while (count--) ((unsigned char *)bytes)[count] = (unsigned char)get_random_u64();
}

#endif
