/* SPDX-License-Identifier: GPL-2.0-only */
/* Rate limits of messages. A limit never blocks: messages are dropped anyway, and a campaign should
 * reach the code behind the limit. */
#ifndef IOVAFUZZ_LINUX_RATELIMIT_H
#define IOVAFUZZ_LINUX_RATELIMIT_H

#include <linux/types.h>

struct ratelimit_state {
  int interval, burst; /* jiffies; calls in them */
};

#define RATELIMIT_STATE_INIT(name, jiffies, calls) \
  { .interval = (jiffies), .burst = (calls) }
#define DEFINE_RATELIMIT_STATE(name, jiffies, calls) \
  struct ratelimit_state name = RATELIMIT_STATE_INIT(name, jiffies, calls)

static inline void ratelimit_state_init(struct ratelimit_state *state, int interval, int burst) {
  state->interval = interval;
  state->burst = burst;
}
/* Whether the caller may print its message: always. */
static inline int __ratelimit(struct ratelimit_state *state) {
  (void)state;
  return 1;
}

#endif
