// SPDX-License-Identifier: GPL-2.0-only
#include "context.h"

#include "cpu.h"
#include "locks.h"
#include "test_world.h"
#include "timekeeping.h"

namespace shim {
namespace {

class Context : public testing::Test {
 protected:
  Context() {
    set_finding_handler(nullptr);
    reset_world(4);
    log.clear();
    spin_lock_init(&lock);
  }
  static std::vector<int> log;
  static spinlock_t lock;
};
std::vector<int> Context::log;
spinlock_t Context::lock;

TEST_F(Context, RunsToItsEnd) {
  int seen = 0;
  EXPECT_TRUE(start_context(
      [](void* argument) {
        EXPECT_TRUE(in_started_context());
        EXPECT_FALSE(can_start_context());
        *static_cast<int*>(argument) = 7;
      },
      &seen));
  EXPECT_EQ(seen, 7);
  EXPECT_FALSE(in_started_context());
  EXPECT_EQ(suspended_contexts(), 0u);
}

TEST_F(Context, OthersGoOnWhileItIsSuspended) {
  EXPECT_FALSE(start_context(
      [](void*) {
        log.push_back(1);
        suspend_context();
        log.push_back(3);
      },
      nullptr));
  log.push_back(2);
  finish_oldest_context();
  log.push_back(4);
  EXPECT_EQ(log, (std::vector<int>{1, 2, 3, 4}));
}

TEST_F(Context, KeepsItsCpuBusy) {
  shim_set_current_cpu(2);
  start_context([](void*) { suspend_context(); }, nullptr);
  EXPECT_TRUE(is_busy(2));
  EXPECT_FALSE(is_busy(0));
  EXPECT_EQ(cpu_of_suspended(0), 2u);
  shim_set_current_cpu(1);
  finish_oldest_context();
  EXPECT_FALSE(is_busy(2));
  EXPECT_EQ(raw_smp_processor_id(), 1u);
}

TEST_F(Context, HasLocksAndInterruptsOfItsOwn) {
  start_context(
      [](void*) {
        unsigned long flags;
        spin_lock_irqsave(&lock, flags);
        suspend_context();
        EXPECT_EQ(oracles_of([] { might_sleep(); }), Ids{"sleep-in-atomic"});
        spin_unlock_irqrestore(&lock, flags);
      },
      nullptr);
  might_sleep();
  check_end_of_operation("the test");
  finish_oldest_context();
  might_sleep();
}

TEST_F(Context, LetsGoOfALockThatAnotherWaitsFor) {
  start_context(
      [](void*) {
        spin_lock(&lock);
        suspend_context();
        log.push_back(1);
        spin_unlock(&lock);
      },
      nullptr);
  spin_lock(&lock);
  log.push_back(2);
  spin_unlock(&lock);
  EXPECT_EQ(log, (std::vector<int>{1, 2}));
  EXPECT_EQ(suspended_contexts(), 0u);
}

TEST_F(Context, SeveralAreFinishedInTheOrderOfTheirStart) {
  static int next;
  next = 0;
  for (size_t i = 0; i < max_suspended; i++) {
    EXPECT_TRUE(can_start_context());
    start_context(
        [](void*) {
          int mine = next++;
          suspend_context();
          log.push_back(mine);
        },
        nullptr);
  }
  EXPECT_FALSE(can_start_context());
  while (suspended_contexts()) finish_oldest_context();
  EXPECT_EQ(log, (std::vector<int>{0, 1, 2, 3}));
}

TEST_F(Context, AHandlerThatIsSuspendedIsWaitedFor) {
  static timer_list timer;
  timer = {};
  timer_setup(
      &timer,
      [](timer_list*) {
        suspend_context();
        log.push_back(1);
      },
      0);
  mod_timer(&timer, 5);
  start_context([](void*) { shim_advance(10); }, nullptr);
  // Armed again, it must not run a second time beside itself.
  mod_timer(&timer, 6);
  shim_advance(20);
  EXPECT_TRUE(log.empty());
  timer_delete_sync(&timer);
  EXPECT_EQ(log, std::vector<int>{1});
  EXPECT_EQ(suspended_contexts(), 0u);
  EXPECT_EQ(shim_now(), 30u);
}

TEST_F(Context, ResetGivesUpWhatIsSuspended) {
  start_context([](void*) { suspend_context(); }, nullptr);
  reset_world(2);
  EXPECT_EQ(suspended_contexts(), 0u);
  EXPECT_TRUE(can_start_context());
}

}  // namespace
}  // namespace shim
