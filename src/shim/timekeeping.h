/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual time, and its users: work and timers (linux/workqueue.h, linux/timer.h, v6.12;
 * system_percpu_wq and system_dfl_wq, v6.17).
 *
 * Time is counted in milliseconds and moves only in shim_advance() and shim_rest(). Due events run
 * there, oldest deadline first: work in process context, timers in interrupt context. Work without
 * a delay is due at once. All system workqueues behave as one queue. Whenever time moves, an RCU
 * grace period ends (rcu.h). Broken rules are findings (oracles.inc, work-* and timer-*).
 */
#ifndef IOVAFUZZ_SHIM_TIMEKEEPING_H
#define IOVAFUZZ_SHIM_TIMEKEEPING_H

#include <stdbool.h>

#include "site.h"

/*
 * Jiffies per second, unless a world or the build of a tree chooses another value. 1000 would hide
 * code that takes jiffies for milliseconds. The allocator's delays are whole numbers of 2 ms
 * jiffies, so they last exactly as long as they say.
 */
#define SHIM_HZ 500

#ifdef __cplusplus
extern "C" {
#endif

/* Jiffies per second of this world. In C code, such as a tree's, HZ is a constant of the build, as
 * in the kernel. */
unsigned long shim_hz(void);
#ifdef __cplusplus
#define HZ shim_hz()
#elif !defined HZ
#define HZ SHIM_HZ
#endif

/* The part that work and timers have in common. */
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
  struct shim_event event;
  work_func_t func;
};
struct delayed_work {
  struct work_struct work;
};
struct timer_list {
  struct shim_event event;
  void (*function)(struct timer_list* timer);
};

unsigned long shim_jiffies(void);
unsigned long shim_now(void); /* ms */
/* Moves time by ms milliseconds and runs all that is due on the way, re-armed events included. */
void shim_advance(unsigned long ms);
/* Moves time from deadline to deadline until nothing is pending, except events whose handler is
 * suspended. Ends a grace period, too. Returns the number of steps, which most limits. */
unsigned long shim_rest(unsigned long most);

struct workqueue_struct;
extern struct workqueue_struct *const system_wq,
    *const system_highpri_wq, *const system_long_wq, *const system_unbound_wq,
                                                         *const system_freezable_wq,
                                                             *const system_power_efficient_wq,
                                                                 *const system_percpu_wq,
                                                                     *const system_dfl_wq;

void shim_init_work(struct work_struct* work, work_func_t func, const char* handler,
                    const struct shim_site* site);
/* Delays are in jiffies. Returns false if the work was pending already; its deadline is then
 * unchanged. */
bool shim_queue_work(struct workqueue_struct* queue, struct work_struct* work, unsigned long delay,
                     const struct shim_site* site);
/* Queues the work or moves its deadline. Returns true if it was pending. */
bool shim_requeue_work(struct workqueue_struct* queue, struct work_struct* work,
                       unsigned long delay, const struct shim_site* site);
/* Returns true if the work was pending. Its handler may still be running. */
bool shim_cancel_work(struct work_struct* work, const struct shim_site* site);
/* Waits for the handler, too. Returns true if the work was pending. May sleep. A deadlock if the
 * work's own handler calls it. */
bool shim_cancel_work_sync(struct work_struct* work, const struct shim_site* site);
/* Runs the work if it is pending, and waits for its handler. Returns true if it was pending or
 * running. May sleep. A deadlock if the work's own handler calls it. */
bool shim_flush_work(struct work_struct* work, const struct shim_site* site);

void shim_timer_setup(struct timer_list* timer, void (*function)(struct timer_list*),
                      const char* handler, const struct shim_site* site);
/* Queues the timer or moves its deadline (jiffies). Returns 1 if it was pending. */
int mod_timer(struct timer_list* timer, unsigned long expires, const struct shim_site* site);
/* Returns 1 if the timer was pending. Its handler may still be running. */
int shim_timer_delete(struct timer_list* timer, const struct shim_site* site);
/* Waits for the handler, too. Returns 1 if the timer was pending. A deadlock if the timer's own
 * handler calls it. */
int timer_delete_sync(struct timer_list* timer, const struct shim_site* site);

#ifdef __cplusplus
}

namespace shim {

// The handler that ran most often in the last shim_rest(), "" if none did.
const char* busiest_handler();
// Called before the handler of a work or timer runs; NULL for none.
void set_event_observer(void (*observer)(bool is_timer));

}  // namespace shim
#endif

#define jiffies shim_jiffies()
/* Rounded up, as in the kernel, so that no delay is shorter than it should be. */
#define msecs_to_jiffies(ms) (((unsigned long)(ms)*HZ + 999) / 1000)
#define jiffies_to_msecs(count) ((unsigned int)((unsigned long)(count)*1000 / HZ))

#define INIT_WORK(work, func) shim_init_work((work), (func), #func, SHIM_SITE)
#define queue_work(queue, work) shim_queue_work((queue), (work), 0, SHIM_SITE)
#define schedule_work(work) queue_work(system_wq, work)
#define cancel_work(work) shim_cancel_work((work), SHIM_SITE)
#define cancel_work_sync(work) shim_cancel_work_sync((work), SHIM_SITE)
#define flush_work(work) shim_flush_work((work), SHIM_SITE)
#define work_pending(work) ((work)->event.pending)

#define INIT_DELAYED_WORK(delayed, func) shim_init_work(&(delayed)->work, (func), #func, SHIM_SITE)
#define queue_delayed_work(queue, delayed, delay) \
  shim_queue_work((queue), &(delayed)->work, (delay), SHIM_SITE)
#define schedule_delayed_work(delayed, delay) queue_delayed_work(system_wq, delayed, delay)
#define mod_delayed_work(queue, delayed, delay) \
  shim_requeue_work((queue), &(delayed)->work, (delay), SHIM_SITE)
#define cancel_delayed_work(delayed) cancel_work(&(delayed)->work)
#define cancel_delayed_work_sync(delayed) cancel_work_sync(&(delayed)->work)
#define flush_delayed_work(delayed) flush_work(&(delayed)->work)
#define delayed_work_pending(delayed) work_pending(&(delayed)->work)

#define timer_setup(timer, function, flags) \
  shim_timer_setup((timer), (function), #function, SHIM_SITE)
#define timer_pending(timer) ((timer)->event.pending)
#define mod_timer(timer, expires) mod_timer((timer), (expires), SHIM_SITE)
#define timer_delete_sync(timer) timer_delete_sync((timer), SHIM_SITE)
#define del_timer(timer) shim_timer_delete((timer), SHIM_SITE)
#define del_timer_sync(timer) timer_delete_sync(timer)

#endif
