// SPDX-License-Identifier: GPL-2.0-only
// The history of a run: all its observable events in one order. Operations add calls, the shim adds
// what the allocator does in them; judges, the tracer and the books listen. A sequential program is
// the case in which no two calls overlap.
//
// An Event lives on the stack of its sender. An event without listeners costs a load and a branch,
// since a program of a thousand calls adds thousands of events. For speed, begin and end of a call
// are functions of Listener; everything else is an Event.
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

// A number of calls, and of pages that they request or give back.
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

// One call into the allocator, from begin to end. The constructor is faster than zeroing a whole
// aggregate: the difference is half the cost of a judge.
struct Call {
  explicit Call(Function function, Domain* domain = nullptr, Range* range = nullptr)
      : function(function), domain(domain), range(range) {}

  Function function;
  Domain* domain;  // NULL for calls on the cache
  // The range that the call gives back or looks up, as its owner knows it, or the Range that a
  // grant will fill. NULL if there is none.
  Range* range;

  // Arguments; each function uses only its own.
  uint64_t size = 0;     // pages; for init_domain(), the granule in bytes
  uint64_t limit = 0;    // pfn, inclusive
  uint64_t pfn = 0;      // to free, find or reserve from; for init_domain(), the start pfn
  uint64_t last = 0;     // to reserve up to
  void* iova = nullptr;  // to free; for allocations, the result
  list_head* pages = nullptr;
  bool aligned = false, flush = false, single = false;
  // is_aside: the engine's own call, which the program did not make. is_probe: checks for lost
  // capacity.
  bool is_aside = false, is_probe = false;

  // Where the call runs. strand: nonzero in a context that may be suspended.
  bool in_interrupt = false;
  uint8_t strand = 0;
  unsigned cpu = 0;
  size_t first_attempt = 0;  // index into shim::attempts()
  uint32_t left_cpus = 0;    // CPUs that it was moved away from, as bits
  // Other calls may overlap this one. before: the domain's `begun` less the calls of others under
  // way, taken when this call had begun. ambient_before: the same for operations that may touch any
  // domain (Scene::ambient).
  bool may_overlap = false;
  Traffic before;
  size_t ambient_before = 0;

  // Results, once it is over.
  bool granted = false;             // for functions that return a range
  bool lost_pfn_0 = false;          // granted, but the caller takes pfn 0 for a refusal
  bool is_no_range = false;         // iova cannot be a range: nobody may dereference it
  bool is_over = false;             // the call has returned
  bool is_judged = false;           // a finding says that the refusal was wrong
  int error = 0;                    // for functions that return an error
  uint64_t lo = 0, hi = 0;          // the range granted or found
  uint64_t bytes = 0;               // of rcache_range()
  const void* list = nullptr;       // from queue(): the list that the queue will put
  size_t attempts = 0, faults = 0;  // attempts made in the call, and how many failed
  // Failed attempts that the call cannot do without: neither GFP_NOWAIT nor
  // GFP_KERNEL | __GFP_NOWARN.
  size_t needed_faults = 0;
};

enum class Kind : uint8_t {
  operation_begin,  // operation; number: nonzero if faults are planned for it
  skipped,          // the operation does nothing, to keep the callers' duties
  operation_end,    // operation: it makes no more attempts
  attempt,          // attempt: an allocation and whether it fails
  flush_begin,      // a hardware flush: domain, number: counted from 1
  flush_end,        // the same
  pages_put,        // of a queued range, before its release: domain, range
  release_begin,    // of a queued range: domain, range; NULL: no such range was queued
  release_end,      // the queue has freed range; cpu, number: first attempt
  handler_begin,    // number: 1 for a timer, 0 for work
  time_passed,      // since; number: nonzero if a lasting flush may have delayed a handler
  idle,             // time passed until nothing was pending; number: nonzero if that never happened
  cpu_offline,      // cpu, after its hotplug callbacks ran
  cpu_online,       // cpu
  finding,          // text: the finding's key
  quiet,            // no call is under way; operation: at its end; NULL: between its calls
  look,             // snapshot of a quiet domain: domain, view
  looked,           // all domains were looked at
  owner_robbed,     // the node of a reserved range was freed, and its owner gives it back
  glance,           // a partial look at a domain: domain, view
  over,             // the run ended, and all is torn down
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

// Listeners subscribe to a kind of event, or to the calls of a function. They are called in the
// order of subscription.
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
