// SPDX-License-Identifier: GPL-2.0-only
#include "timekeeping.h"

#include "locks.h"
#include "slab.h"
#include "test_world.h"

namespace shim {
namespace {

struct Run {
  int id;
  unsigned long at;
  bool operator==(const Run&) const = default;
};
using Runs = std::vector<Run>;
Runs runs;

// Notes each run of it; re-arms itself if period is not 0.
struct Work {
  delayed_work work;  // first: its address is the work's
  int id;
  unsigned long period = 0;
};

void run_work(work_struct* work) {
  Work* self = reinterpret_cast<Work*>(work);
  runs.push_back({self->id, shim_jiffies()});
  if (self->period) schedule_delayed_work(&self->work, self->period);
}

struct Timer {
  timer_list timer;  // first: its address is the timer's
  int id;
  unsigned long period = 0;
};

void run_timer(timer_list* timer) {
  Timer* self = reinterpret_cast<Timer*>(timer);
  runs.push_back({self->id, shim_jiffies()});
  if (self->period) mod_timer(timer, shim_jiffies() + self->period);
}

class Timekeeping : public WorldTest {
 protected:
  void SetUp() override {
    WorldTest::SetUp();
    runs.clear();
    for (Work* work : {&w1, &w2, &w3}) INIT_DELAYED_WORK(&work->work, run_work);
    for (Timer* timer : {&t4, &t5}) timer_setup(&timer->timer, run_timer, 0);
  }

  Work w1{{}, 1}, w2{{}, 2}, w3{{}, 3};
  Timer t4{{}, 4}, t5{{}, 5};
};

TEST_F(Timekeeping, TimeStartsAtZeroAndAdvancesExactly) {
  EXPECT_EQ(shim_jiffies(), 0u);
  shim_advance(7);
  EXPECT_EQ(shim_jiffies(), 7u);
  schedule_delayed_work(&w1.work, 3);
  shim_advance(10);
  EXPECT_EQ(shim_jiffies(), 17u);
  shim_advance(0);
  EXPECT_EQ(shim_jiffies(), 17u);
}

TEST_F(Timekeeping, HandlerSeesItsDeadlineAsTheTime) {
  shim_advance(5);
  schedule_delayed_work(&w1.work, 3);
  mod_timer(&t4.timer, 9);
  shim_advance(100);
  EXPECT_EQ(runs, (Runs{{1, 8}, {4, 9}}));
}

TEST_F(Timekeeping, NothingRunsBeforeItsDeadline) {
  schedule_delayed_work(&w1.work, 3);
  mod_timer(&t4.timer, 3);
  shim_advance(2);
  EXPECT_EQ(runs, Runs{});
  shim_advance(1);
  EXPECT_EQ(runs, (Runs{{1, 3}, {4, 3}}));
}

TEST_F(Timekeeping, RunsByDeadlineThenFirstComeFirstServed) {
  schedule_delayed_work(&w1.work, 20);
  mod_timer(&t4.timer, 10);
  schedule_delayed_work(&w2.work, 10);
  mod_timer(&t5.timer, 20);
  schedule_delayed_work(&w3.work, 5);
  shim_advance(20);
  EXPECT_EQ(runs, (Runs{{3, 5}, {4, 10}, {2, 10}, {1, 20}, {5, 20}}));
}

TEST_F(Timekeeping, WorkRunsOnceEachTimeItIsScheduled) {
  EXPECT_TRUE(schedule_delayed_work(&w1.work, 1));
  EXPECT_TRUE(delayed_work_pending(&w1.work));
  shim_advance(10);
  EXPECT_FALSE(delayed_work_pending(&w1.work));
  EXPECT_TRUE(schedule_delayed_work(&w1.work, 0));
  shim_advance(0);
  EXPECT_EQ(runs, (Runs{{1, 1}, {1, 10}}));
}

TEST_F(Timekeeping, SchedulingPendingWorkKeepsItsDeadline) {
  EXPECT_TRUE(schedule_delayed_work(&w1.work, 5));
  EXPECT_FALSE(schedule_delayed_work(&w1.work, 1));
  EXPECT_FALSE(schedule_delayed_work(&w1.work, 9));
  shim_advance(20);
  EXPECT_EQ(runs, (Runs{{1, 5}}));
}

TEST_F(Timekeeping, WorkMayRearmItselfAndRunsAllTheWay) {
  w1.period = 10;
  schedule_delayed_work(&w1.work, 5);
  shim_advance(30);
  EXPECT_EQ(runs, (Runs{{1, 5}, {1, 15}, {1, 25}}));
  EXPECT_TRUE(cancel_delayed_work_sync(&w1.work));
}

TEST_F(Timekeeping, CancelStopsWorkThatRearmsItself) {
  w1.period = 1;
  schedule_delayed_work(&w1.work, 1);
  shim_advance(1);
  EXPECT_TRUE(cancel_delayed_work_sync(&w1.work));
  EXPECT_FALSE(cancel_delayed_work_sync(&w1.work));
  shim_advance(100);
  EXPECT_EQ(runs.size(), 1u);
}

TEST_F(Timekeeping, CancelledWorkMayBeScheduledAnew) {
  schedule_delayed_work(&w1.work, 1);
  cancel_delayed_work_sync(&w1.work);
  EXPECT_TRUE(schedule_delayed_work(&w1.work, 5));
  shim_advance(5);
  EXPECT_EQ(runs, (Runs{{1, 5}}));
}

TEST_F(Timekeeping, WorkMayCancelOtherWork) {
  delayed_work canceller;
  static Work* victim;
  victim = &w1;
  INIT_DELAYED_WORK(&canceller, [](work_struct*) { cancel_delayed_work_sync(&victim->work); });
  schedule_delayed_work(&canceller, 5);
  schedule_delayed_work(&w1.work, 5);
  shim_advance(10);
  EXPECT_EQ(runs, Runs{});
}

TEST_F(Timekeeping, WorkMayFreeItself) {
  delayed_work* work = static_cast<delayed_work*>(kmalloc(sizeof *work, GFP_KERNEL));
  INIT_DELAYED_WORK(work, [](work_struct* self) { kfree(self); });
  schedule_delayed_work(work, 1);
  shim_advance(1);
  EXPECT_EQ(census(), Census{});
}

TEST_F(Timekeeping, WorkRunsInProcessContext) {
  INIT_DELAYED_WORK(&w1.work, [](work_struct*) { kfree(kmalloc(40, GFP_KERNEL)); });
  schedule_delayed_work(&w1.work, 1);
  EXPECT_EQ(oracles_of([] { shim_advance(1); }), Ids{});
}

TEST_F(Timekeeping, CancelOfWorkMaySleep) {
  shim_irq_enter();
  EXPECT_EQ(oracles_of([this] { cancel_delayed_work_sync(&w1.work); }), Ids{"sleep-in-atomic"});
  shim_irq_exit();
}

TEST_F(Timekeeping, TimersRunInInterruptContext) {
  timer_setup(
      &t4.timer, [](timer_list*) { kfree(kmalloc(40, GFP_ATOMIC)); }, 0);
  timer_setup(
      &t5.timer, [](timer_list*) { might_sleep(); }, 0);
  mod_timer(&t4.timer, 1);
  mod_timer(&t5.timer, 2);
  EXPECT_EQ(oracles_of([] { shim_advance(1); }), Ids{});
  EXPECT_EQ(oracles_of([] { shim_advance(1); }), Ids{"sleep-in-atomic"});
  might_sleep();
}

TEST_F(Timekeeping, TimerMayRearmItself) {
  t4.period = 10;
  mod_timer(&t4.timer, 5);
  shim_advance(30);
  EXPECT_EQ(runs, (Runs{{4, 5}, {4, 15}, {4, 25}}));
  EXPECT_EQ(timer_delete_sync(&t4.timer), 1);
}

TEST_F(Timekeeping, ModTimerMovesThePendingDeadline) {
  EXPECT_EQ(mod_timer(&t4.timer, 5), 0);
  EXPECT_EQ(mod_timer(&t4.timer, 9), 1);
  shim_advance(20);
  EXPECT_EQ(runs, (Runs{{4, 9}}));
}

TEST_F(Timekeeping, DeletedTimerDoesNotRun) {
  mod_timer(&t4.timer, 5);
  EXPECT_TRUE(timer_pending(&t4.timer));
  EXPECT_EQ(timer_delete_sync(&t4.timer), 1);
  EXPECT_FALSE(timer_pending(&t4.timer));
  EXPECT_EQ(timer_delete_sync(&t4.timer), 0);
  shim_advance(10);
  EXPECT_EQ(runs, Runs{});
}

TEST_F(Timekeeping, DeadlineInThePastDoesNotMoveTimeBack) {
  shim_advance(10);
  mod_timer(&t4.timer, 3);
  shim_advance(1);
  EXPECT_EQ(runs, (Runs{{4, 10}}));
  EXPECT_EQ(shim_jiffies(), 11u);
}

TEST_F(Timekeeping, FreeOfWhatIsNotPendingIsFine) {
  delayed_work* work = static_cast<delayed_work*>(kmalloc(sizeof *work, GFP_KERNEL));
  INIT_DELAYED_WORK(work, run_work);
  schedule_delayed_work(work, 1);
  cancel_delayed_work_sync(work);
  kfree(work);
}

}  // namespace
}  // namespace shim
