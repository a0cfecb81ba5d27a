// SPDX-License-Identifier: GPL-2.0-only
// Turns callbacks of the shim into events of the history: hardware flushes, which may last,
// releases by a queue, handlers, and allocation attempts.
#pragma once

#include "engine/books.h"
#include "engine/history.h"
#include "engine/position.h"
#include "engine/views.h"
#include "iova/variant.h"

namespace engine {

// A range that the queue is releasing.
struct Release {
  Domain* domain = nullptr;
  Range* range = nullptr;
  unsigned cpu = 0;
};

class ShimEvents {
 public:
  ShimEvents(History& history, Books& books, Position& position, Looker& looker)
      : history_(history), books_(books), position_(position), looker_(looker) {}
  // Begins a run. looks_at_releases: glance at the domain after each release.
  void begin(const iova_variant& variant, bool looks_at_releases);

  // Suspends the first flush of a started context, if another CPU is free to continue.
  void let_flush_last(bool lasts) { flush_lasts_ = lasts; }

  void on_hardware_flush(const void* address);
  void on_pages_put(const list_head* list);
  void on_free_queued(const void* address, uint64_t pfn);
  void on_handler(bool is_timer);
  // All due handlers have run: later steps belong to none of them.
  void end_handlers();
  // Begins an operation, whose step count starts at 0.
  void begin_handlers() { handler_began_at_ = none, handler_steps_ = 0; }
  uint64_t handler_steps() const { return handler_steps_; }  // of the costliest handler
  void on_attempt(const shim::Attempt& attempt);

  void exchange(Release& other) { std::swap(release_, other); }

  // A release begins when the queue puts the range's pages or announces its free; the next event
  // shows that the free is over.
  void settle() {
    if (position_.releasing) end_release();
  }

 private:
  Domain* domain_at(const void* address) const;
  void begin_release(Domain& domain, Range& range);
  void note_pages_put(const list_head* list);
  void end_release();

  History& history_;
  Books& books_;
  Position& position_;
  Looker& looker_;
  const iova_variant* variant_ = nullptr;
  bool looks_at_releases_ = false;
  bool flush_lasts_ = false;
  static constexpr uint64_t none = ~uint64_t{0};
  uint64_t handler_began_at_ = none;  // step count at the start of the running handler
  uint64_t handler_steps_ = 0;
  Release release_;
};

// An online CPU other than `but` without a suspended context; max_cpus if there is none.
unsigned idle_cpu(unsigned but);

}  // namespace engine
