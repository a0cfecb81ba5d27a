// SPDX-License-Identifier: GPL-2.0-only
#include "engine/history.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/caller.h"
#include "engine/engine.h"
#include "iova/port_variants.h"
#include "shim/finding.h"
#include "shim/iommu.h"
#include "shim/locks.h"
#include "shim/object.h"
#include "shim/timekeeping.h"
#include "shim/world.h"

namespace engine {
namespace {

using Lines = std::vector<std::string>;

// Records the events that it hears.
class Recorder : public Listener {
 public:
  explicit Recorder(Lines& lines, std::string name = "") : lines_(lines), name_(std::move(name)) {}
  void begin_call(Call&) override { lines_.push_back(name_ + "begin"); }
  void end_call(Call& call) override {
    std::string text =
        fmt::format("{}end, {} of {} attempts failed", name_, call.faults, call.attempts);
    if (call.granted) text += fmt::format(", {:#x}", call.lo);
    if (call.in_interrupt) text += ", in an interrupt";
    lines_.push_back(text);
  }
  void hear(const Event& event) override {
    std::string text = name_;
    switch (event.kind) {
      case Kind::attempt: text += event.attempt->failed ? "attempt fails" : "attempt"; break;
      case Kind::flush_begin: text += fmt::format("flush {} begins", event.number); break;
      case Kind::flush_end: text += fmt::format("flush {} ends", event.number); break;
      case Kind::release_begin: text += event.range ? "release" : "stray release"; break;
      case Kind::release_end: text += fmt::format("{:#x} released", event.range->lo); break;
      case Kind::handler_begin: text += event.number ? "timer" : "work"; break;
      default: text += "?";
    }
    lines_.push_back(text);
  }

 private:
  Lines& lines_;
  std::string name_;
};

// A domain of the port, and a record of the events of calls into it.
class Told : public testing::Test {
 protected:
  Told() {
    self = this;
    shim::set_finding_handler(nullptr);
    shim::reset_world(2);
    v_.reset();
    books_.begin(v_, 4);
    events_.begin(v_, false);
    caller_.use(v_);
    shim::set_attempt_observer([](const shim::Attempt& a) { self->events_.on_attempt(a); });
    shim::set_iommu_handlers(
        {[](const void* d) { self->events_.on_hardware_flush(d); },
         [](const list_head* list) { self->events_.on_pages_put(list); },
         [](const void* d, unsigned long pfn) { self->events_.on_free_queued(d, pfn); }});
    shim::set_event_observer([](bool is_timer) { self->events_.on_handler(is_timer); });
    domain_.memory =
        shim::new_object(shim::ObjectKind::kmalloc, nullptr, v_.domain_size, 16, true, SHIM_SITE)
            .memory;
    make(Call(Function::cache_get));
    Call init(Function::init_domain, &domain_);
    init.size = 4096;
    init.pfn = 1;
    make(init);
    make(Call(Function::init_rcaches, &domain_));
    for (Function function : {Function::alloc, Function::alloc_fast, Function::queue}) {
      history_.tell(function, recorder_);
      history_.tell(function, books_);
    }
    for (Kind kind : {Kind::attempt, Kind::flush_begin, Kind::flush_end, Kind::release_begin,
                      Kind::release_end, Kind::handler_begin})
      history_.tell(kind, recorder_);
    for (Kind kind : {Kind::flush_begin, Kind::flush_end, Kind::release_begin})
      history_.tell(kind, books_);
    lines_.clear();
  }
  ~Told() override {
    shim::set_attempt_observer(nullptr);
    shim::set_iommu_handlers({});
    shim::set_event_observer(nullptr);
    books_.forget(domain_);
  }
  Call make(Call call) {
    caller_.make(call);
    return call;
  }
  Call alloc(Function function = Function::alloc) {
    Call call(function, &domain_, &books_.fresh_range());
    call.size = 1;
    call.limit = 0xfffff;
    call.aligned = true;
    return make(call);
  }

  static inline Told* self;
  const iova_variant& v_ = port::fixed::variant;
  Lines lines_;
  Recorder recorder_{lines_};
  History history_;
  Books books_;
  Domain& domain_ = books_.domains()[0];
  Position position_;
  Looker looker_{history_, books_};
  ShimEvents events_{history_, books_, position_, looker_};
  Caller caller_{history_, events_};
};

TEST_F(Told, OfACallFromItsBeginToItsEnd) {
  alloc();
  EXPECT_EQ(lines_, (Lines{"begin", "attempt", "end, 0 of 1 attempts failed, 0xfffff"}));
}

TEST_F(Told, OfTheFateOfAnAttempt) {
  shim::plan_faults(shim::FaultMask(1));
  alloc();
  EXPECT_EQ(lines_, (Lines{"begin", "attempt fails", "end, 1 of 1 attempts failed"}));
}

TEST_F(Told, WhetherACallRunsInAnInterruptHandler) {
  shim_irq_enter();
  alloc();
  shim_irq_exit();
  EXPECT_EQ(lines_.back(), "end, 0 of 1 attempts failed, 0xfffff, in an interrupt");
}

TEST_F(Told, OfAllThatAQueueDoesUntilARangeIsReleased) {
  make(Call(Function::queue_init, &domain_));
  Call granted = alloc(Function::alloc_fast);
  Range& range = *granted.range;
  INIT_LIST_HEAD(&range.pages);
  lines_.clear();
  Call queue(Function::queue, &domain_, &range);
  queue.size = 1;
  queue.pfn = granted.lo;
  queue.pages = &range.pages;
  make(queue);
  EXPECT_EQ(lines_, (Lines{"begin", "end, 0 of 0 attempts failed"}));
  lines_.clear();
  shim_advance(v_.queue->timeout);
  events_.settle();
  EXPECT_EQ(lines_, (Lines{"timer", "flush 1 begins", "flush 1 ends", "release", "attempt",
                           "0xfffff released"}));
}

TEST(History, IsHeardInTheOrderOfTheListeners) {
  Lines lines;
  Recorder first(lines, "first: "), second(lines, "second: ");
  History history;
  history.tell(Kind::handler_begin, first);
  history.tell(Kind::handler_begin, second);
  history.add({.kind = Kind::handler_begin});
  EXPECT_EQ(lines, (Lines{"first: work", "second: work"}));
}

TEST(History, TellsOfAFunctionOnlyWhoAskedForIt) {
  Lines lines;
  Recorder recorder(lines);
  History history;
  history.tell(Function::alloc, recorder);
  Call alloc(Function::alloc), free(Function::free_pfn);
  history.add_begin(free);
  history.add_end(free);
  EXPECT_TRUE(lines.empty());
  history.add_begin(alloc);
  EXPECT_EQ(lines, Lines{"begin"});
}

}  // namespace
}  // namespace engine
