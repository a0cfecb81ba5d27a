/* SPDX-License-Identifier: GPL-2.0-only */
/* Seeded random numbers; the sequence differs from the kernel's. */
#ifndef IOVAFUZZ_LINUX_PRANDOM_H
#define IOVAFUZZ_LINUX_PRANDOM_H

#include <linux/random.h>

struct rnd_state {
  u64 state;
};

static inline void prandom_seed_state(struct rnd_state *state, u64 seed) { state->state = seed; }
static inline u32 prandom_u32_state(struct rnd_state *state) {
  return (u32)(shim_next_random(&state->state) >> 32);
}

#endif
