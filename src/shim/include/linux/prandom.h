/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers by a seed; another sequence than the kernel's. */
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
