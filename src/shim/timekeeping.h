/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual time with its users, delayed work and timers (linux/workqueue.h, linux/timer.h, v6.12).
 *
 * Time is counted in jiffies of one millisecond and moves only in shim_advance(). What is due runs
 * there, oldest deadline first: work in process context, timers in interrupt context. Whenever it
 * moves, an RCU grace period ends (rcu.h).
 * Broken rules are findings (oracles.inc, work-* and timer-*).
 */
#ifndef IOVAFUZZ_SHIM_TIMEKEEPING_H
#define IOVAFUZZ_SHIM_TIMEKEEPING_H

#include <stdbool.h>

#include "site.h"

#define HZ 1000

#ifdef __cplusplus
extern "C" {
#endif

/* What waits for its time; embedded in work and timers alike. */
struct shim_event {
  unsigned int magic; /* tells an initialized one from garbage */
  bool pending;
  bool is_timer;
  unsigned long deadline; /* jiffies */
  unsigned long sequence; /* first come, first served on equal deadlines */
  const char* handler;    /* its name */
};

struct work_struct;
typedef void (*work_func_t)(struct work_struct* work);
struct work_struct {
  work_func_t func;
};
struct delayed_work {
  struct work_struct work;
  struct shim_event event;
};
struct timer_list {
  struct shim_event event;
  void (*function)(struct timer_list* timer);
};

unsigned long shim_jiffies(void);
/* Moves time by ms milliseconds and runs all that is due on the way, re-armed events included. */
void shim_advance(unsigned long ms);
/* From deadline to deadline until nothing is pending, but for handlers that wait already. Returns
 * how many came; most, if more were to come. */
unsigned long shim_rest(unsigned long most);

void shim_init_delayed_work(struct delayed_work* work, work_func_t func, const char* handler,
                            const struct shim_site* site);
/* false if it was pending already; then its deadline stays. */
bool schedule_delayed_work(struct delayed_work* work, unsigned long delay,
                           const struct shim_site* site);
/* true if it was pending. May sleep; a deadlock from the work's own handler. */
bool cancel_delayed_work_sync(struct delayed_work* work, const struct shim_site* site);

void shim_timer_setup(struct timer_list* timer, void (*function)(struct timer_list*),
                      const char* handler, const struct shim_site* site);
/* 1 if it was pending; the deadline (jiffies) is moved. */
int mod_timer(struct timer_list* timer, unsigned long expires, const struct shim_site* site);
/* 1 if it was pending. Its handler may run still. */
int shim_timer_delete(struct timer_list* timer, const struct shim_site* site);
/* 1 if it was pending. Waits for a handler that runs: a deadlock from the timer's own. */
int timer_delete_sync(struct timer_list* timer, const struct shim_site* site);

#ifdef __cplusplus
}

namespace shim {

// Told before the handler of a work or timer runs; NULL for nobody.
void set_event_observer(void (*observer)(bool is_timer));

}  // namespace shim
#endif

#define jiffies shim_jiffies()
#define msecs_to_jiffies(ms) ((unsigned long)(ms))
#define INIT_DELAYED_WORK(work, func) shim_init_delayed_work((work), (func), #func, SHIM_SITE)
#define schedule_delayed_work(work, delay) schedule_delayed_work((work), (delay), SHIM_SITE)
#define cancel_delayed_work_sync(work) cancel_delayed_work_sync((work), SHIM_SITE)
#define delayed_work_pending(work) ((work)->event.pending)
#define timer_setup(timer, function, flags) \
  shim_timer_setup((timer), (function), #function, SHIM_SITE)
#define timer_pending(timer) ((timer)->event.pending)
#define mod_timer(timer, expires) mod_timer((timer), (expires), SHIM_SITE)
#define timer_delete_sync(timer) timer_delete_sync((timer), SHIM_SITE)
#define del_timer(timer) shim_timer_delete((timer), SHIM_SITE)
#define del_timer_sync(timer) timer_delete_sync(timer)

#endif
