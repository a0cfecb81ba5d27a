// SPDX-License-Identifier: GPL-2.0-only
#include "context.h"

#include "cpu.h"
#include "fault.h"
#include "locks.h"
#include "slab.h"
#include "timekeeping.h"
#include "world_test.h"

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
  EXPECT_EQ(suspended(0).cpu, 2u);
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
  shim_set_current_cpu(1);
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
  // The timer is armed again, but its handler must not run twice at the same time.
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

// There is a point before each lock and a point after each unlock.
TEST_F(Context, IsSuspendedAtTheNthPoint) {
  auto locks_twice = [](void*) {
    for (int i = 0; i < 2; i++) {
      spin_lock(&lock);
      log.push_back(i);
      spin_unlock(&lock);
    }
  };
  const std::vector<int> seen[] = {{}, {0}, {0}, {0, 1}, {0, 1}};
  for (uint64_t point = 1; point <= 5; point++) {
    log.clear();
    EXPECT_EQ(start_context(locks_twice, nullptr, point), point == 5) << point;
    EXPECT_EQ(log, seen[point - 1]) << point;
    if (point == 5) continue;
    EXPECT_STREQ(suspended(0).before, point % 2 ? "before a lock" : "after an unlock");
    finish_oldest_context();
    EXPECT_EQ(log, (std::vector<int>{0, 1})) << point;
  }
}

TEST_F(Context, GoesOnToAnotherPoint) {
  EXPECT_FALSE(start_context(
      [](void*) {
        for (int i = 0; i < 4; i++) {
          log.push_back(i);
          kfree(nullptr);
        }
      },
      nullptr, 1));
  EXPECT_FALSE(resume_context(0, 2));
  EXPECT_EQ(log, (std::vector<int>{0, 1, 2}));
  EXPECT_TRUE(resume_context(0));
  EXPECT_EQ(log, (std::vector<int>{0, 1, 2, 3}));
}

TEST_F(Context, OnlyStartedOnesAreSuspended) {
  start_context([](void*) { kfree(nullptr); }, nullptr, 1);
  kfree(nullptr);
  finish_oldest_context();
}

TEST_F(Context, TheHolderOfALockGoesOnUntilItIsReleased) {
  start_context([](void*) { kfree(nullptr), log.push_back(1); }, nullptr, 1);
  shim_set_current_cpu(1);
  start_context([](void*) { spin_lock(&lock), kfree(nullptr), spin_unlock(&lock); }, nullptr, 2);
  shim_set_current_cpu(2);
  spin_lock(&lock);
  spin_unlock(&lock);
  // Both are suspended still, in the same order.
  ASSERT_EQ(suspended_contexts(), 2u);
  EXPECT_EQ(suspended(1).cpu, 1u);
  EXPECT_STREQ(suspended(1).before, "after an unlock");
  EXPECT_TRUE(log.empty());
  while (suspended_contexts()) finish_oldest_context();
}

TEST_F(Context, RoomOnItsCpu) {
  const auto room_beside = [](void (*function)(void*)) {
    start_context(function, nullptr);
    const Room room = room_on(0);
    finish_oldest_context();
    return room;
  };
  EXPECT_EQ(room_on(0), Room::tasks);
  EXPECT_EQ(room_beside([](void*) { suspend_context(); }), Room::tasks);
  EXPECT_EQ(room_beside([](void*) {
              spin_lock(&lock);
              suspend_context();
              spin_unlock(&lock);
            }),
            Room::interrupts);
  EXPECT_EQ(room_beside([](void*) {
              unsigned long flags;
              spin_lock_irqsave(&lock, flags);
              suspend_context();
              spin_unlock_irqrestore(&lock, flags);
            }),
            Room::none);
  EXPECT_EQ(room_beside([](void*) {
              shim_irq_enter();
              suspend_context();
              shim_irq_exit();
            }),
            Room::none);
}

TEST_F(Context, WhatIsInterruptedGoesOnAfterTheInterrupt) {
  start_context([](void*) { suspend_context(), log.push_back(1); }, nullptr);
  start_context(
      [](void*) {
        shim_irq_enter();
        suspend_context();
        log.push_back(2);
        shim_irq_exit();
      },
      nullptr);
  EXPECT_FALSE(can_resume(0));
  EXPECT_TRUE(can_resume(1));
  finish_context(0);
  EXPECT_EQ(log, (std::vector<int>{2, 1}));
}

TEST_F(Context, ATaskMovesToAnotherCpu) {
  start_context([](void*) { suspend_context(), log.push_back(int(raw_smp_processor_id())); },
                nullptr);
  EXPECT_TRUE(may_migrate(0));
  migrate_context(0, 3);
  EXPECT_FALSE(is_busy(0));
  EXPECT_TRUE(is_busy(3));
  finish_oldest_context();
  EXPECT_EQ(log, std::vector<int>{3});
}

TEST_F(Context, HasAFaultPlanOfItsOwn) {
  plan_faults(FaultMask(2));
  start_context(
      [](void*) {
        EXPECT_TRUE(kmalloc(8, GFP_KERNEL));
        suspend_context();
        EXPECT_FALSE(kmalloc(8, GFP_KERNEL));
        EXPECT_EQ(attempts().size(), 2u);
      },
      nullptr);
  plan_no_faults();
  for (int i = 0; i < 2; i++) EXPECT_TRUE(kmalloc(8, GFP_KERNEL));
  finish_oldest_context();
  EXPECT_EQ(attempts().size(), 2u);
  EXPECT_EQ(failed_attempts(), 0u);
  plan_faults(FaultMask(1));
  EXPECT_TRUE(start_context([](void*) { EXPECT_FALSE(kmalloc(8, GFP_KERNEL)); }, nullptr));
  EXPECT_EQ(failed_attempts(), 1u);  // the plan has come back
}

TEST_F(Context, LeavesNoMutexBehind) {
  static DEFINE_MUTEX(mutex);
  start_context([](void*) { mutex_lock(&mutex), suspend_context(); }, nullptr);
  reset_world(2);
  mutex_lock(&mutex);
  mutex_unlock(&mutex);
}

TEST_F(Context, IsLeftForGood) {
  struct Left {};
  start_context([](void*) { suspend_context(), log.push_back(1); }, nullptr);
  EXPECT_THROW(start_context([](void*) { leave_contexts([] { throw Left{}; }); }, nullptr), Left);
  EXPECT_FALSE(in_started_context());
  EXPECT_THROW(leave_contexts([] { throw Left{}; }), Left);
  reset_world(2);
  EXPECT_EQ(suspended_contexts(), 0u);
}

TEST_F(Context, HotplugInstancesWaitForADeadCpu) {
  static hlist_node node;
  cpuhp_setup_state_multi(CPUHP_IOMMU_IOVA_DEAD, "x", nullptr, [](unsigned, hlist_node*) {
    log.push_back(1);
    return 0;
  });
  cpuhp_state_add_instance_nocalls(CPUHP_IOMMU_IOVA_DEAD, &node);
  start_context([](void*) { shim_cpu_offline(3); }, nullptr, 1);
  EXPECT_TRUE(log.empty());
  shim_set_current_cpu(1);
  cpuhp_state_remove_instance_nocalls(CPUHP_IOMMU_IOVA_DEAD, &node);
  EXPECT_EQ(log, std::vector<int>{1});
}

}  // namespace
}  // namespace shim
