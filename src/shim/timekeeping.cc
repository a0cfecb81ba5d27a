// SPDX-License-Identifier: GPL-2.0-only
#include "timekeeping.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "context.h"
#include "finding.h"
#include "footprint.h"
#include "locks.h"
#include "races.h"
#include "world.h"

namespace shim {
namespace {

constexpr unsigned event_magic = 0xe7e27ed1;

void (*observer)(bool is_timer);
unsigned long now;  // ms
unsigned long hz = SHIM_HZ;
unsigned long next_sequence;
bool counts_handlers;
std::vector<shim_event*> pending;  // a handful; unordered
const shim_event* running;         // its handler runs in this context
struct Running {
  const shim_event* event;
  const void* context;
};
std::vector<Running> all_running;  // handlers, in this and in suspended contexts
std::map<std::string_view, unsigned long> runs_of_handlers;  // in the last shim_rest()

bool runs_somewhere(const shim_event* event) {
  return std::any_of(all_running.begin(), all_running.end(),
                     [event](const Running& one) { return one.event == event; });
}
bool runs_in(size_t i, const shim_event* event) {
  return std::any_of(all_running.begin(), all_running.end(), [=](const Running& one) {
    return one.event == event && one.context == facility::suspended_context(i);
  });
}

// Conversions: the jiffy at a time in ms, and the ms at which a jiffy begins.
unsigned long jiffies_at(unsigned long ms) { return ms * hz / 1000; }
unsigned long begin_of(unsigned long count) { return (count * 1000 + hz - 1) / hz; }

bool is_initialized(const shim_event& event) { return event.magic == event_magic; }

bool forget(shim_event* event) {
  note_change(event);
  if (!event->pending) return false;
  event->pending = false;
  std::erase(pending, event);
  return true;
}

void enqueue(shim_event* event, unsigned long deadline) {
  note_happens_before(event);
  note_change(event);
  event->pending = true;
  event->deadline = deadline;
  event->sequence = next_sequence++;
  pending.push_back(event);
}

// The first event that is due by jiffy until and can run, or NULL.
shim_event* next_due(unsigned long until) {
  shim_event* next = nullptr;
  for (shim_event* event : pending) {
    // An event's handler does not run twice at the same time.
    if (event->deadline > until || runs_somewhere(event)) continue;
    if (!next || event->deadline < next->deadline ||
        (event->deadline == next->deadline && event->sequence < next->sequence))
      next = event;
  }
  return next;
}

void move_to(unsigned long time) {
  note_change(&now);
  if (time <= now) return;
  facility::end_grace_period();
  now = time;
}

template <class Container>
Container* containing(shim_event* event) {
  return reinterpret_cast<Container*>(reinterpret_cast<char*>(event) - offsetof(Container, event));
}

void run(shim_event* event) {
  forget(event);
  note_change(&pending);
  // The handler may free the event's memory.
  const shim_event* outer = std::exchange(running, event);
  all_running.push_back({event, facility::context_at_hand()});
  if (counts_handlers) runs_of_handlers[event->handler]++;
  if (observer) observer(event->is_timer);
  note_happens_after(event);
  if (event->is_timer) {
    timer_list* timer = containing<timer_list>(event);
    facility::enter_timer();
    timer->function(timer);
    facility::exit_timer();
  } else {
    work_struct* work = containing<work_struct>(event);
    work->func(work);
  }
  note_happens_before(event);
  running = outer;
  std::erase_if(all_running, [event](const Running& one) { return one.event == event; });
}

void advance(unsigned long ms) {
  unsigned long until = now + ms;
  while (shim_event* event = next_due(jiffies_at(until))) {
    move_to(begin_of(event->deadline));
    // RCU callbacks, run by move_to(), may have changed which event is next.
    if (next_due(jiffies_at(now)) == event) run(event);
  }
  move_to(until);  // time may have moved further while a handler was suspended
}

void initialize(shim_event* event, bool is_timer, const shim_site* site) {
  for (shim_event* other : pending)
    if (other == event)
      raise(is_timer ? oracle::timer_init_pending : oracle::work_init_pending, site, "", event);
  *event = {event_magic, false, is_timer, 0, 0, nullptr};
}

void require_initialized(const shim_event& event, bool is_timer, const shim_site* site) {
  if (!is_initialized(event))
    raise(is_timer ? oracle::timer_uninitialized : oracle::work_uninitialized, site,
          "its memory was never initialized", &event);
}

// Waits for the event's handler to end.
void wait_for(shim_event* event, bool is_timer, const shim_site* site) {
  require_initialized(*event, is_timer, site);
  note_change(event);
  if (running == event)
    raise(is_timer ? oracle::timer_delete_self : oracle::work_cancel_self, site,
          "called from its handler", event);
  wait_for_others([&] { return !runs_somewhere(event); },
                  [&](size_t i) { return runs_in(i, event); });
  note_happens_after(event);
}

bool cancel(shim_event* event, bool is_timer, const shim_site* site) {
  wait_for(event, is_timer, site);
  return forget(event);
}

}  // namespace

void facility::reset_timekeeping(unsigned jiffies_a_second) {
  hz = jiffies_a_second ? jiffies_a_second : SHIM_HZ;
  now = next_sequence = 0;
  pending.clear();
  all_running.clear();
  runs_of_handlers.clear();
  running = nullptr;
  counts_handlers = false;
}

const char* busiest_handler() {
  const auto most = std::max_element(runs_of_handlers.begin(), runs_of_handlers.end(),
                                     [](auto& a, auto& b) { return a.second < b.second; });
  return most == runs_of_handlers.end() ? "" : most->first.data();
}

void set_event_observer(void (*told)(bool is_timer)) { observer = told; }

const void* facility::exchange_running_handler(const void* event) {
  return std::exchange(running, static_cast<const shim_event*>(event));
}

bool facility::is_in_handler() { return running; }
bool facility::is_in_timer() { return running && running->is_timer; }

size_t facility::pending_events() { return pending.size(); }

void facility::check_timekeeping_at_end() {
  for (const shim_event* event : pending)
    raise(Finding{event->is_timer ? &oracle::timer_pending_at_end : &oracle::work_pending_at_end,
                  "?", "", fmt::format("due at {} ms, now {} ms", begin_of(event->deadline), now),
                  event});
}

void facility::check_freed_events(const void* memory, size_t size, const shim_site* site) {
  for (const shim_event* event : pending) {
    const char* at = reinterpret_cast<const char*>(event);
    const char* start = static_cast<const char*>(memory);
    if (at >= start && at < start + size)
      raise(event->is_timer ? oracle::timer_freed_pending : oracle::work_freed_pending, site,
            fmt::format("{}(), due at {} ms, now {} ms", event->handler, begin_of(event->deadline),
                        now),
            memory);
  }
  for (const auto& [event, context] : all_running) {
    const char* at = reinterpret_cast<const char*>(event);
    const char* start = static_cast<const char*>(memory);
    if (event != running && at >= start && at < start + size)
      raise(event->is_timer ? oracle::timer_freed_running : oracle::work_freed_running, site,
            fmt::format("{}() on another CPU", event->handler), memory);
  }
}

}  // namespace shim

using namespace shim;

extern "C" {

unsigned long shim_hz(void) { return hz; }
unsigned long shim_jiffies(void) {
  note_read(&now);
  return jiffies_at(now);
}
unsigned long shim_now(void) { return now; }

void shim_advance(unsigned long ms) {
  facility::tell_action(__func__, ms);
  advance(ms);
}

unsigned long shim_rest(unsigned long most) {
  facility::tell_action(__func__, most);
  unsigned long times = 0;
  runs_of_handlers.clear();
  counts_handlers = true;
  for (; times < most; times++) {
    const shim_event* next = next_due(~0ul);
    if (!next) {
      facility::end_grace_period();
      next = next_due(~0ul);
    }
    if (!next) break;
    advance(std::max(now, begin_of(next->deadline)) - now);
  }
  counts_handlers = false;
  return times;
}

namespace {
// Only the addresses matter.
char queues[8];
workqueue_struct* queue_at(size_t i) { return reinterpret_cast<workqueue_struct*>(&queues[i]); }
}  // namespace
extern workqueue_struct
    *const system_wq = queue_at(0),
           *const system_highpri_wq = queue_at(1), *const system_long_wq = queue_at(2),
           *const system_unbound_wq = queue_at(3), *const system_freezable_wq = queue_at(4),
           *const system_power_efficient_wq = queue_at(5), *const system_percpu_wq = queue_at(6),
           *const system_dfl_wq = queue_at(7);

void shim_init_work(work_struct* work, work_func_t func, const char* handler,
                    const shim_site* site) {
  initialize(&work->event, false, site);
  work->event.handler = handler;
  work->func = func;
}

bool shim_queue_work(workqueue_struct*, work_struct* work, unsigned long delay,
                     const shim_site* site) {
  scheduling_point("before queue_work()", site);
  require_initialized(work->event, false, site);
  note_change(&work->event);
  if (work->event.pending) {
    note_happens_before(&work->event);  // its handler sees what was done before
    return false;
  }
  enqueue(&work->event, jiffies_at(now) + delay);
  return true;
}

bool shim_requeue_work(workqueue_struct*, work_struct* work, unsigned long delay,
                       const shim_site* site) {
  scheduling_point("before mod_delayed_work()", site);
  require_initialized(work->event, false, site);
  bool was_pending = forget(&work->event);
  enqueue(&work->event, jiffies_at(now) + delay);
  return was_pending;
}

bool shim_cancel_work(work_struct* work, const shim_site* site) {
  scheduling_point("before cancel_work()", site);
  require_initialized(work->event, false, site);
  return forget(&work->event);
}

bool shim_cancel_work_sync(work_struct* work, const shim_site* site) {
  (might_sleep)(site);
  scheduling_point("before cancel_work_sync()", site);
  return cancel(&work->event, false, site);
}

bool shim_flush_work(work_struct* work, const shim_site* site) {
  (might_sleep)(site);
  scheduling_point("before flush_work()", site);
  bool ran = runs_somewhere(&work->event);
  wait_for(&work->event, false, site);
  bool was_pending = work->event.pending;
  if (was_pending) run(&work->event);
  return ran || was_pending;
}

void shim_timer_setup(timer_list* timer, void (*function)(timer_list*), const char* handler,
                      const shim_site* site) {
  initialize(&timer->event, true, site);
  timer->event.handler = handler;
  timer->function = function;
}

int(mod_timer)(timer_list* timer, unsigned long expires, const shim_site* site) {
  scheduling_point("before mod_timer()", site);
  require_initialized(timer->event, true, site);
  bool was_pending = forget(&timer->event);
  enqueue(&timer->event, expires);
  return was_pending;
}

int shim_timer_delete(timer_list* timer, const shim_site* site) {
  scheduling_point("before timer_delete()", site);
  require_initialized(timer->event, true, site);
  return forget(&timer->event);
}

int(timer_delete_sync)(timer_list* timer, const shim_site* site) {
  scheduling_point("before timer_delete_sync()", site);
  return cancel(&timer->event, true, site);
}

}  // extern "C"
