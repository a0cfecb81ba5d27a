// SPDX-License-Identifier: GPL-2.0-only
// The history of a run: everything observable that it does, as events in one order. Operations
// make the calls, the shim tells what the allocator does in them; judges, the trace and the books
// listen. A sequential program is the case in which no two calls overlap.
//
// Events live on the stack of who adds them, and one that nobody listens to is a load and a branch:
// a program of a thousand calls adds some thousands, and must not get slower by that. For the same
// reason the begin and the end of a call are functions of listeners, and all else is an Event.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "program/operation.h"
#include "shim/fault.h"

struct list_head;

namespace engine {

struct Domain;
struct Range;
struct Snapshot;

// The functions of an allocator, as variant.h has them.
enum class Function : uint8_t {
  cache_get,
  cache_put,
  rcache_range,
  init_domain,
  init_rcaches,
  put_domain,
  alloc,
  alloc_fast,
  free_pfn,
  free_iova,
  free_fast,
  find,
  reserve,
  queue_init,
  queue,
};
inline constexpr size_t function_count = static_cast<size_t>(Function::queue) + 1;

// Calls, and the pages that they ask for or give back.
struct Traffic {
  uint64_t calls = 0, pages = 0;

  Traffic& operator+=(const Traffic& more) {
    calls += more.calls;
    pages += more.pages;
    return *this;
  }
  Traffic& operator-=(const Traffic& less) {
    calls -= less.calls;
    pages -= less.pages;
    return *this;
  }
};

// One call into the allocator, from its begin to its end. It has a constructor because that is
// faster than zeroing all of an aggregate, by as much as half a judge.
struct Call {
  explicit Call(Function function, Domain* domain = nullptr, Range* range = nullptr)
      : function(function), domain(domain), range(range) {}

  Function function;
  Domain* domain;  // NULL for those of the cache
  // The range that it gives back or asks about, as its owner knows it, or that will hold what it is
  // granted. NULL if there is none.
  Range* range;

  // Arguments: those that the function has.
  uint64_t size = 0;     // pages; of init_domain(), bytes in a granule
  uint64_t limit = 0;    // pfn, inclusive
  uint64_t pfn = 0;      // to free, find or reserve from; of init_domain(), the first one
  uint64_t last = 0;     // to reserve up to
  void* iova = nullptr;  // to free; or the result
  list_head* pages = nullptr;
  bool aligned = false, flush = false, single = false;
  // The engine's own question, which the program did not ask; a probe for lost capacity.
  bool is_aside = false, is_probe = false;

  // Where it runs: in a handler if so, in a context that may be suspended if strand is not 0.
  bool in_interrupt = false;
  uint8_t strand = 0;
  unsigned cpu = 0;
  size_t first_attempt = 0;  // among shim::attempts()
  bool has_moved = false;    // to another CPU, perhaps and back
  // May be overlapped by others: its domain's begun less others' under way, once it had begun; and
  // the same of operations that are no calls.
  bool may_overlap = false;
  Traffic before;
  size_t ambient_before = 0;

  // Results, once it is over.
  bool granted = false;             // of what returns a range
  bool lost_pfn_0 = false;          // granted, but its caller takes it for a refusal
  bool is_no_range = false;         // iova points to what cannot be one: nobody may look at it
  bool is_over = false;             // it has returned
  bool is_judged = false;           // a finding told that it should not have been refused
  int error = 0;                    // of what returns one
  uint64_t lo = 0, hi = 0;          // the range granted or found
  uint64_t bytes = 0;               // of rcache_range()
  const void* list = nullptr;       // of queue(): that will be put
  size_t attempts = 0, faults = 0;  // made in it, and those that failed
  // Of those, the ones that were not for what is at hand only (GFP_NOWAIT), which has another way.
  size_t needed_faults = 0;
};

enum class Kind : uint8_t {
  operation_begin,  // operation; number: whether faults are planned for it
  skipped,          // the operation does nothing, to keep the callers' duties
  operation_end,    // operation: its attempts are all made
  attempt,          // attempt: an allocation is tried, with its fate
  flush_begin,      // of the hardware: domain, number: its flushes counted from 1
  flush_end,        // the same
  pages_put,        // by a queue: domain, range; NULL: nobody queued them
  release_end,      // the queue has freed range, after its pages; cpu, number: first attempt
  handler_begin,    // of a timer or of work; number: is a timer
  time_passed,      // since; number: a flush that lasts may have held up a handler
  idle,             // time passed until nothing was pending; number: it never came to that
  cpu_offline,      // cpu, after its callbacks
  cpu_online,       // cpu
  finding,          // text: its key
  quiet,            // no call is under way; operation: at the end of it, NULL: between its calls
  look,             // at a domain, when it is quiet: domain, view
  looked,           // at every domain
  owner_robbed,     // what stands for a reserved range was freed, and its owner asks for it
  glance,           // at its ranges alone: domain, view
  over,             // the run, and nothing is left
};
inline constexpr size_t kind_count = static_cast<size_t>(Kind::over) + 1;

struct Event {
  Kind kind;
  unsigned cpu = 0;
  Domain* domain = nullptr;
  Range* range = nullptr;
  const program::Operation* operation = nullptr;
  const shim::Attempt* attempt = nullptr;
  const Snapshot* view = nullptr;
  const char* text = nullptr;
  uint64_t number = 0;
  uint64_t since = 0;  // ms
};

class Listener {
 public:
  virtual void begin_call(Call&) {}
  virtual void end_call(Call&) {}
  virtual void hear(const Event&) {}

 protected:
  ~Listener() = default;
};

// Who listens is named by kind, and of calls by function. Listeners hear an event in the order in
// which they are named.
class History {
 public:
  void forget_listeners() { kinds_ = {}, functions_ = {}; }
  void tell(Kind kind, Listener& listener) { at(kind).add(listener); }
  void tell(Function function, Listener& listener) { at(function).add(listener); }
  bool is_heard(Kind kind) { return at(kind).count; }

  void add(const Event& event) {
    for (Listener* listener : at(event.kind)) listener->hear(event);
  }
  void add_begin(Call& call) {
    for (Listener* listener : at(call.function)) listener->begin_call(call);
  }
  void add_end(Call& call) {
    for (Listener* listener : at(call.function)) listener->end_call(call);
  }

 private:
  struct Listeners {
    std::array<Listener*, 4> all;
    size_t count;

    void add(Listener& listener) { all.at(count++) = &listener; }
    Listener** begin() { return all.data(); }
    Listener** end() { return all.data() + count; }
  };
  Listeners& at(Kind kind) { return kinds_[static_cast<size_t>(kind)]; }
  Listeners& at(Function function) { return functions_[static_cast<size_t>(function)]; }

  std::array<Listeners, kind_count> kinds_{};
  std::array<Listeners, function_count> functions_{};
};

}  // namespace engine
