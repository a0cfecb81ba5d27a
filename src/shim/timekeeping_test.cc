// SPDX-License-Identifier: GPL-2.0-only
#include "timekeeping.h"

#include "locks.h"
#include "slab.h"
#include "world_test.h"

namespace shim {
namespace {

struct Run {
  int id;
  unsigned long at;
  bool operator==(const Run&) const = default;
};
using Runs = std::vector<Run>;
Runs runs;

// Moves time by jiffies, the unit of all delays.
void advance(unsigned long count) { shim_advance(count * 1000 / HZ); }

// Work that notes each run of its handler, and re-arms itself if period is not 0.
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

TEST_F(Timekeeping, BusiestHandlerOfARestIsNamed) {
  EXPECT_STREQ(busiest_handler(), "");
  schedule_delayed_work(&w1.work, 1);
  schedule_delayed_work(&w2.work, 1);
  EXPECT_LT(shim_rest(10), 10u);
  EXPECT_STREQ(busiest_handler(), "run_work");
  schedule_delayed_work(&w1.work, 1);
  t4.period = 2;
  mod_timer(&t4.timer, shim_jiffies() + 1);
  EXPECT_EQ(shim_rest(10), 10u);
  EXPECT_STREQ(busiest_handler(), "run_timer");
  timer_delete_sync(&t4.timer);
}

TEST_F(Timekeeping, TimeStartsAtZeroAndAdvancesExactly) {
  EXPECT_EQ(shim_jiffies(), 0u);
  advance(7);
  EXPECT_EQ(shim_jiffies(), 7u);
  schedule_delayed_work(&w1.work, 3);
  advance(10);
  EXPECT_EQ(shim_jiffies(), 17u);
  advance(0);
  EXPECT_EQ(shim_jiffies(), 17u);
}

TEST_F(Timekeeping, JiffyIsNotAMillisecond) {
  EXPECT_NE(HZ, 1000u);
  EXPECT_EQ(msecs_to_jiffies(1000), HZ);
  EXPECT_EQ(msecs_to_jiffies(1), 1u);
  EXPECT_EQ(msecs_to_jiffies(0), 0u);
  shim_advance(1001);
  EXPECT_EQ(shim_now(), 1001u);
  EXPECT_EQ(shim_jiffies(), 1001u * HZ / 1000);
  EXPECT_EQ(jiffies_to_msecs(HZ), 1000u);
  schedule_delayed_work(&w1.work, msecs_to_jiffies(100));
  shim_advance(98);
  EXPECT_EQ(runs, Runs{});
  shim_advance(2);
  EXPECT_EQ(runs.size(), 1u);
  schedule_delayed_work(&w2.work, msecs_to_jiffies(msecs_to_jiffies(100)));
  shim_advance(98);
  EXPECT_EQ(runs.size(), 2u) << "converted twice";
}

// A delay that is no whole number of jiffies lasts up to a jiffy longer than requested.
TEST_F(Timekeeping, WorldChoosesTheJiffiesOfASecond) {
  for (auto [hz, delay] : {std::pair{100u, 10ul}, {250, 12}, {300, 10}, {1000, 10}, {24, 42}}) {
    reset_world(2, hz);
    runs.clear();
    timer_setup(&t4.timer, run_timer, 0);
    mod_timer(&t4.timer, jiffies + msecs_to_jiffies(10));
    shim_advance(delay - 1);
    EXPECT_EQ(runs, Runs{}) << hz;
    shim_advance(1);
    EXPECT_EQ(runs.size(), 1u) << hz;
    shim_advance(1000 - delay);
    EXPECT_EQ(shim_jiffies(), hz);
  }
}

TEST_F(Timekeeping, DeadlineThatIsTooFarIsNeverReached) {
  mod_timer(&t4.timer, ~0ul);
  shim_advance(1ul << 40);
  EXPECT_EQ(runs, Runs{});
  timer_delete_sync(&t4.timer);
}

// Work without a delay.
struct PlainWork {
  work_struct work;  // first: its address is the work's
  int id;
};
void run_plain(work_struct* work) {
  runs.push_back({reinterpret_cast<PlainWork*>(work)->id, shim_jiffies()});
}

TEST_F(Timekeeping, PlainWorkRunsAtOnceWhenTimeMay) {
  PlainWork plain{{}, 6};
  INIT_WORK(&plain.work, run_plain);
  EXPECT_TRUE(schedule_work(&plain.work));
  EXPECT_TRUE(work_pending(&plain.work));
  EXPECT_FALSE(queue_work(system_unbound_wq, &plain.work));
  EXPECT_EQ(runs, Runs{});
  advance(0);
  EXPECT_FALSE(work_pending(&plain.work));
  EXPECT_EQ(runs, (Runs{{6, 0}}));
}

TEST_F(Timekeeping, FlushRunsWhatIsPendingAndNothingElse) {
  PlainWork plain{{}, 6};
  INIT_WORK(&plain.work, run_plain);
  EXPECT_FALSE(flush_work(&plain.work));
  schedule_work(&plain.work);
  EXPECT_TRUE(flush_work(&plain.work));
  EXPECT_EQ(runs, (Runs{{6, 0}}));
  schedule_delayed_work(&w1.work, 50);
  EXPECT_TRUE(flush_delayed_work(&w1.work));
  EXPECT_EQ(runs, (Runs{{6, 0}, {1, 0}}));
  advance(100);
  EXPECT_EQ(runs.size(), 2u);
  shim_irq_enter();
  EXPECT_EQ(oracles_of([&] { flush_work(&plain.work); }), Ids{"sleep-in-atomic"});
  shim_irq_exit();
}

TEST_F(Timekeeping, CancelledPlainWorkDoesNotRun) {
  PlainWork plain{{}, 6};
  INIT_WORK(&plain.work, run_plain);
  for (auto cancel : {+[](work_struct* w) { return cancel_work(w); },
                      +[](work_struct* w) { return cancel_work_sync(w); }}) {
    schedule_work(&plain.work);
    EXPECT_TRUE(cancel(&plain.work));
    EXPECT_FALSE(cancel(&plain.work));
  }
  schedule_delayed_work(&w1.work, 3);
  EXPECT_TRUE(cancel_delayed_work(&w1.work));
  advance(10);
  EXPECT_EQ(runs, Runs{});
}

TEST_F(Timekeeping, FreeOfPendingPlainWorkNamesItsHandler) {
  auto* work = static_cast<work_struct*>(kmalloc(sizeof(work_struct), GFP_KERNEL));
  INIT_WORK(work, run_plain);
  schedule_work(work);
  EXPECT_DEATH(kfree(work), "work-freed-pending(.|\n)*run_plain");
  cancel_work_sync(work);
  kfree(work);
}

TEST_F(Timekeeping, PlainWorkThatFlushesItselfIsADeadlock) {
  work_struct work;
  INIT_WORK(&work, [](work_struct* self) { flush_work(self); });
  schedule_work(&work);
  EXPECT_DEATH(shim_advance(0), "work-cancel-self");
  cancel_work_sync(&work);
}

TEST_F(Timekeeping, ModDelayedWorkMovesTheDeadline) {
  EXPECT_FALSE(mod_delayed_work(system_wq, &w1.work, 5));
  EXPECT_TRUE(mod_delayed_work(system_wq, &w1.work, 9));
  advance(20);
  EXPECT_EQ(runs, (Runs{{1, 9}}));
}

TEST_F(Timekeeping, HandlerSeesItsDeadlineAsTheTime) {
  advance(5);
  schedule_delayed_work(&w1.work, 3);
  mod_timer(&t4.timer, 9);
  advance(100);
  EXPECT_EQ(runs, (Runs{{1, 8}, {4, 9}}));
}

TEST_F(Timekeeping, NothingRunsBeforeItsDeadline) {
  schedule_delayed_work(&w1.work, 3);
  mod_timer(&t4.timer, 3);
  advance(2);
  EXPECT_EQ(runs, Runs{});
  advance(1);
  EXPECT_EQ(runs, (Runs{{1, 3}, {4, 3}}));
}

TEST_F(Timekeeping, RunsByDeadlineThenFirstComeFirstServed) {
  schedule_delayed_work(&w1.work, 20);
  mod_timer(&t4.timer, 10);
  schedule_delayed_work(&w2.work, 10);
  mod_timer(&t5.timer, 20);
  schedule_delayed_work(&w3.work, 5);
  advance(20);
  EXPECT_EQ(runs, (Runs{{3, 5}, {4, 10}, {2, 10}, {1, 20}, {5, 20}}));
}

TEST_F(Timekeeping, WorkRunsOnceEachTimeItIsScheduled) {
  EXPECT_TRUE(schedule_delayed_work(&w1.work, 1));
  EXPECT_TRUE(delayed_work_pending(&w1.work));
  advance(10);
  EXPECT_FALSE(delayed_work_pending(&w1.work));
  EXPECT_TRUE(schedule_delayed_work(&w1.work, 0));
  advance(0);
  EXPECT_EQ(runs, (Runs{{1, 1}, {1, 10}}));
}

TEST_F(Timekeeping, SchedulingPendingWorkKeepsItsDeadline) {
  EXPECT_TRUE(schedule_delayed_work(&w1.work, 5));
  EXPECT_FALSE(schedule_delayed_work(&w1.work, 1));
  EXPECT_FALSE(schedule_delayed_work(&w1.work, 9));
  advance(20);
  EXPECT_EQ(runs, (Runs{{1, 5}}));
}

TEST_F(Timekeeping, WorkMayRearmItselfAndRunsAllTheWay) {
  w1.period = 10;
  schedule_delayed_work(&w1.work, 5);
  advance(30);
  EXPECT_EQ(runs, (Runs{{1, 5}, {1, 15}, {1, 25}}));
  EXPECT_TRUE(cancel_delayed_work_sync(&w1.work));
}

TEST_F(Timekeeping, CancelStopsWorkThatRearmsItself) {
  w1.period = 1;
  schedule_delayed_work(&w1.work, 1);
  advance(1);
  EXPECT_TRUE(cancel_delayed_work_sync(&w1.work));
  EXPECT_FALSE(cancel_delayed_work_sync(&w1.work));
  advance(100);
  EXPECT_EQ(runs.size(), 1u);
}

TEST_F(Timekeeping, CancelledWorkMayBeScheduledAnew) {
  schedule_delayed_work(&w1.work, 1);
  cancel_delayed_work_sync(&w1.work);
  EXPECT_TRUE(schedule_delayed_work(&w1.work, 5));
  advance(5);
  EXPECT_EQ(runs, (Runs{{1, 5}}));
}

TEST_F(Timekeeping, WorkMayCancelOtherWork) {
  delayed_work canceller;
  static Work* victim;
  victim = &w1;
  INIT_DELAYED_WORK(&canceller, [](work_struct*) { cancel_delayed_work_sync(&victim->work); });
  schedule_delayed_work(&canceller, 5);
  schedule_delayed_work(&w1.work, 5);
  advance(10);
  EXPECT_EQ(runs, Runs{});
}

TEST_F(Timekeeping, WorkMayFreeItself) {
  delayed_work* work = static_cast<delayed_work*>(kmalloc(sizeof *work, GFP_KERNEL));
  INIT_DELAYED_WORK(work, [](work_struct* self) { kfree(self); });
  schedule_delayed_work(work, 1);
  advance(1);
  EXPECT_EQ(census(), Census{});
}

TEST_F(Timekeeping, WorkRunsInProcessContext) {
  INIT_DELAYED_WORK(&w1.work, [](work_struct*) { kfree(kmalloc(40, GFP_KERNEL)); });
  schedule_delayed_work(&w1.work, 1);
  EXPECT_EQ(oracles_of([] { advance(1); }), Ids{});
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
  EXPECT_EQ(oracles_of([] { advance(1); }), Ids{});
  EXPECT_EQ(oracles_of([] { advance(1); }), Ids{"sleep-in-atomic"});
  might_sleep();
}

TEST_F(Timekeeping, TimerMayRearmItself) {
  t4.period = 10;
  mod_timer(&t4.timer, 5);
  advance(30);
  EXPECT_EQ(runs, (Runs{{4, 5}, {4, 15}, {4, 25}}));
  EXPECT_EQ(timer_delete_sync(&t4.timer), 1);
}

TEST_F(Timekeeping, ModTimerMovesThePendingDeadline) {
  EXPECT_EQ(mod_timer(&t4.timer, 5), 0);
  EXPECT_EQ(mod_timer(&t4.timer, 9), 1);
  advance(20);
  EXPECT_EQ(runs, (Runs{{4, 9}}));
}

TEST_F(Timekeeping, DeletedTimerDoesNotRun) {
  mod_timer(&t4.timer, 5);
  EXPECT_TRUE(timer_pending(&t4.timer));
  EXPECT_EQ(timer_delete_sync(&t4.timer), 1);
  EXPECT_FALSE(timer_pending(&t4.timer));
  EXPECT_EQ(timer_delete_sync(&t4.timer), 0);
  advance(10);
  EXPECT_EQ(runs, Runs{});
}

TEST_F(Timekeeping, DeadlineInThePastDoesNotMoveTimeBack) {
  advance(10);
  mod_timer(&t4.timer, 3);
  advance(1);
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
