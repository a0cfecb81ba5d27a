// SPDX-License-Identifier: GPL-2.0-only
// What the shim tells of the world, as events of the history: hardware flushes, which may last,
// releases of a queue, handlers, and allocation attempts.
#pragma once

#include "engine/books.h"
#include "engine/history.h"
#include "engine/position.h"
#include "engine/views.h"
#include "iova/variant.h"

namespace engine {

// Of a range, by a queue: what comes after its pages are put.
struct Release {
  Domain* domain = nullptr;
  Range* range = nullptr;
  unsigned cpu = 0;
};

class ShimEvents {
 public:
  ShimEvents(History& history, Books& books, Position& position, Looker& looker)
      : history_(history), books_(books), position_(position), looker_(looker) {}
  // Of a run. With a look at the ranges after each release, if so.
  void begin(const iova_variant& variant, bool looks_at_releases);

  // The first flush of a started context is suspended, if others can go on meanwhile.
  void let_flush_last(bool lasts) { flush_lasts_ = lasts; }

  void on_hardware_flush(const void* address);
  void on_pages_put(const list_head* list);
  void on_handler(bool is_timer);
  // Those that were due have run: no more steps are theirs.
  void end_handlers();
  // Of an operation, whose costs start at 0.
  void begin_handlers() { handler_began_at_ = none, handler_steps_ = 0; }
  uint64_t handler_steps() const { return handler_steps_; }  // most of one
  void on_attempt(const shim::Attempt& attempt);

  void exchange(Release& other) { std::swap(release_, other); }

  // A queue puts the pages of a range, and then frees it: that it has, the next event shows.
  void settle() {
    if (position_.releasing) end_release();
  }

 private:
  void end_release();

  History& history_;
  Books& books_;
  Position& position_;
  Looker& looker_;
  const iova_variant* variant_ = nullptr;
  bool looks_at_releases_ = false;
  bool flush_lasts_ = false;
  static constexpr uint64_t none = ~uint64_t{0};
  uint64_t handler_began_at_ = none;  // steps before the one that runs
  uint64_t handler_steps_ = 0;
  Release release_;
};

// An online CPU but the given one that no suspended context keeps busy; max_cpus if there is none.
unsigned idle_cpu(unsigned but);

}  // namespace engine
