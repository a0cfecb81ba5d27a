// SPDX-License-Identifier: GPL-2.0-only
#include "locks.h"

#include "context.h"
#include "cpu.h"
#include "slab.h"
#include "world_test.h"

namespace shim {
namespace {

class Locks : public WorldTest {
 protected:
  void SetUp() override {
    WorldTest::SetUp();
    spin_lock_init(&a);
    spin_lock_init(&b);
    spin_lock_init(&c);
    mutex_init(&m);
  }

  static bool may_sleep() {
    return oracles_of([] { might_sleep(); }).empty();
  }

  void nest(spinlock_t* outer, spinlock_t* inner) {
    spin_lock(outer);
    spin_lock(inner);
    spin_unlock(inner);
    spin_unlock(outer);
  }

  spinlock_t a, b, c;
  struct mutex m;
  unsigned long flags, inner_flags;
};
class LocksDeathTest : public Locks {};

const Ids order = {"lock-order"}, irq_unsafe = {"lock-irq-unsafe"}, on_early = {"irqs-on-early"};

TEST_F(Locks, LocksNestAndMayBeReleasedInAnyOrder) {
  spin_lock(&a);
  spin_lock(&b);
  spin_lock(&c);
  spin_unlock(&b);
  spin_unlock(&a);
  assert_spin_locked(&c);
  spin_unlock(&c);
}

TEST_F(Locks, ReleasedLockMayBeTakenAgain) {
  for (int i = 0; i < 100; i++) {
    spin_lock(&a);
    spin_unlock(&a);
  }
}

TEST_F(Locks, SpinlockForbidsSleepWhileItIsHeld) {
  EXPECT_TRUE(may_sleep());
  spin_lock(&a);
  EXPECT_FALSE(may_sleep());
  spin_unlock(&a);
  EXPECT_TRUE(may_sleep());
}

TEST_F(Locks, PreemptionOffForbidsSleepAndHoldsTheCpuUntilTheOutermostEnable) {
  shim_preempt_disable();
  shim_preempt_disable();
  shim_preempt_enable(SHIM_SITE);
  EXPECT_FALSE(may_sleep());
  EXPECT_TRUE(oracles_of([] { (void)smp_processor_id(); }).empty());
  EXPECT_EQ(facility::room_here(), Room::interrupts);
  shim_preempt_enable(SHIM_SITE);
  EXPECT_TRUE(may_sleep());
  EXPECT_EQ(facility::room_here(), Room::tasks);
}

TEST_F(Locks, IrqsaveForbidsSleepUntilTheOutermostRestore) {
  spin_lock_irqsave(&a, flags);
  spin_lock_irqsave(&b, inner_flags);
  EXPECT_FALSE(may_sleep());
  spin_unlock_irqrestore(&b, inner_flags);
  EXPECT_FALSE(may_sleep());
  spin_unlock_irqrestore(&a, flags);
  EXPECT_TRUE(may_sleep());
}

TEST_F(Locks, InterruptsStayOffBetweenUnlockAndRestore) {
  spin_lock_irqsave(&a, flags);
  spin_lock(&b);
  spin_unlock(&a);
  spin_unlock_irqrestore(&b, flags);
  EXPECT_TRUE(may_sleep());
}

TEST_F(Locks, FlagsRestoredInTheWrongOrderLeaveInterruptsOff) {
  spin_lock_irqsave(&a, flags);
  spin_lock_irqsave(&b, inner_flags);
  EXPECT_EQ(oracles_of([this] { spin_unlock_irqrestore(&a, flags); }), on_early);
  spin_unlock_irqrestore(&b, inner_flags);
  EXPECT_FALSE(may_sleep());
  reset_world(2);
}

TEST_F(Locks, IrqsaveInAnInterruptRestoresInterruptsOff) {
  shim_irq_enter();
  spin_lock_irqsave(&a, flags);
  spin_unlock_irqrestore(&a, flags);
  EXPECT_FALSE(may_sleep());
  shim_irq_exit();
  EXPECT_TRUE(may_sleep());
}

TEST_F(Locks, InterruptsNest) {
  shim_irq_enter();
  shim_irq_enter();
  shim_irq_exit();
  EXPECT_FALSE(may_sleep());
  shim_irq_exit();
  EXPECT_TRUE(may_sleep());
}

TEST_F(Locks, MutexAllowsSleepAndMayBeHeldAroundASpinlock) {
  mutex_lock(&m);
  EXPECT_TRUE(may_sleep());
  kfree(kmalloc(40, GFP_KERNEL));
  spin_lock(&a);
  spin_unlock(&a);
  mutex_unlock(&m);
}

TEST_F(Locks, MutexUnderASpinlockIsAFinding) {
  spin_lock(&a);
  EXPECT_EQ(oracles_of([this] { mutex_lock(&m); }), Ids{"sleep-in-atomic"});
  mutex_unlock(&m);
  spin_unlock(&a);
}

DEFINE_MUTEX(defined_mutex);

TEST_F(Locks, DefinedMutexIsInitialized) {
  mutex_lock(&defined_mutex);
  mutex_unlock(&defined_mutex);
}

TEST_F(Locks, SameOrderAgainIsFine) {
  for (int i = 0; i < 2; i++) nest(&a, &b);
  nest(&a, &c);
  nest(&b, &c);
}

TEST_F(Locks, OppositeOrderIsToldThroughOtherLocksToo) {
  nest(&a, &b);
  nest(&b, &c);
  EXPECT_EQ(oracles_of([this] { nest(&c, &a); }), order);
}

TEST_F(Locks, OppositeOrderOfMutexesIsTold) {
  struct mutex n;
  mutex_init(&n);
  mutex_lock(&m), mutex_lock(&n), mutex_unlock(&n), mutex_unlock(&m);
  mutex_lock(&n);
  EXPECT_EQ(oracles_of([this] { mutex_lock(&m); }), order);
  mutex_unlock(&m), mutex_unlock(&n);
}

TEST_F(Locks, OrderIsOfClassesNotOfLocks) {
  spinlock_t same_class[2];
  for (spinlock_t& lock : same_class) spin_lock_init(&lock);
  nest(&same_class[0], &a);
  EXPECT_EQ(oracles_of([&] { nest(&a, &same_class[1]); }), order);
}

TEST_F(Locks, NestingOfOneClassHasNoOrder) {
  spinlock_t same_class[2];
  for (spinlock_t& lock : same_class) spin_lock_init(&lock);
  EXPECT_EQ(oracles_of([&] { nest(&same_class[0], &same_class[1]); }), order);
}

TEST_F(Locks, OrderNamesBothLocks) {
  nest(&a, &b);
  std::vector<Finding> found = findings_of([this] { nest(&b, &a); });
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].values.find("&a of SetUp() is taken while &b of SetUp() is held"), 0u)
      << found[0].values;
}

TEST_F(Locks, OrderIsForgottenByTheNextRun) {
  nest(&a, &b);
  reset_world(2);
  nest(&b, &a);
}

TEST_F(Locks, ClassIsKnownAgainAfterItsMemoryWasRestored) {
  nest(&a, &b);
  a.lock_class->index = b.lock_class->index = 0;
  EXPECT_EQ(oracles_of([this] { nest(&b, &a); }), order);
}

TEST_F(Locks, LockSharedWithAnInterruptIsTakenWithInterruptsOff) {
  spin_lock_irqsave(&a, flags);
  spin_unlock_irqrestore(&a, flags);
  shim_irq_enter();
  spin_lock(&a);
  spin_unlock(&a);
  shim_irq_exit();
  EXPECT_EQ(oracles_of([this] { spin_lock(&a); }), irq_unsafe);
  spin_unlock(&a);
}

TEST_F(Locks, OuterInterruptGoesOnAfterTheInnerOne) {
  shim_irq_enter();
  shim_irq_enter();
  shim_irq_exit();
  spin_lock(&a);
  spin_unlock(&a);
  shim_irq_exit();
  EXPECT_EQ(oracles_of([this] { spin_lock(&a); }), irq_unsafe);
  spin_unlock(&a);
}

TEST_F(Locks, IrqLockSwitchesInterruptsOffAndOn) {
  spin_lock_irq(&a);
  EXPECT_TRUE(irqs_disabled());
  EXPECT_EQ(facility::room_here(), Room::none);
  spin_unlock_irq(&a);
  EXPECT_FALSE(irqs_disabled());
  EXPECT_TRUE(may_sleep());
  shim_irq_enter();
  spin_lock(&a);
  spin_unlock(&a);
  shim_irq_exit();
}

TEST_F(Locks, IrqUnlockWhereInterruptsWereOffIsTold) {
  spin_lock_irqsave(&a, flags);
  spin_lock_irq(&b);
  std::vector<Finding> found = findings_of([this] { spin_unlock_irq(&b); });
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].oracle->id, on_early[0]);
  EXPECT_EQ(found[0].function, "operator()");
  EXPECT_TRUE(irqs_disabled());
  spin_unlock_irqrestore(&a, flags);
  flags = shim_local_irq_save();
  spin_lock_irq(&b);
  EXPECT_EQ(oracles_of([this] { spin_unlock_irq(&b); }), on_early);
  shim_local_irq_restore(flags, SHIM_SITE);
  EXPECT_FALSE(irqs_disabled());
}

TEST_F(Locks, InterruptsSwitchedOnUnderAnIrqsaveLockAreTold) {
  spin_lock_irqsave(&a, flags);
  std::vector<Finding> found = findings_of([] { shim_local_irq_enable(SHIM_SITE); });
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].oracle->id, on_early[0]);
  EXPECT_EQ(found[0].values, "while &a of SetUp() is held");
  EXPECT_TRUE(irqs_disabled());
  spin_unlock_irqrestore(&a, flags);
}

TEST_F(Locks, InterruptsSwitchedOnInAHandlerAreToldButInATimersTheyAreOn) {
  shim_irq_enter();
  spin_lock_irq(&a);
  EXPECT_EQ(oracles_of([this] { spin_unlock_irq(&a); }), on_early);
  shim_irq_exit();
  EXPECT_FALSE(irqs_disabled());
  facility::enter_timer();
  spin_lock_irq(&a);
  spin_unlock_irq(&a);
  EXPECT_FALSE(irqs_disabled());
  facility::exit_timer();
}

TEST_F(Locks, LockThatIsHeldWhenInterruptsComeOnIsSharedWithThem) {
  shim_irq_enter();
  spin_lock(&a);
  spin_unlock(&a);
  shim_irq_exit();
  shim_local_irq_disable();
  spin_lock(&a);
  EXPECT_EQ(oracles_of([] { shim_local_irq_enable(SHIM_SITE); }), irq_unsafe);
  spin_unlock(&a);
}

TEST_F(Locks, SoftirqsOffKeepTimersAndTasksAwayButNoInterrupts) {
  spin_lock_bh(&a);
  EXPECT_FALSE(may_sleep());
  EXPECT_FALSE(irqs_disabled());
  EXPECT_EQ(facility::room_here(), Room::none);
  spin_unlock_bh(&a);
  EXPECT_TRUE(may_sleep());
  facility::enter_timer();
  spin_lock(&a);
  spin_unlock(&a);
  facility::exit_timer();
  spin_lock_bh(&a);
  spin_unlock_bh(&a);
  EXPECT_EQ(oracles_of([this] { spin_lock(&a); }), irq_unsafe);
  spin_unlock(&a);
}

TEST_F(Locks, LockOfTimersAloneIsUnsafeInInterrupts) {
  facility::enter_timer();
  spin_lock(&a);
  spin_unlock(&a);
  facility::exit_timer();
  shim_irq_enter();
  EXPECT_EQ(oracles_of([this] { spin_lock(&a); }), irq_unsafe);
  spin_unlock(&a);
  shim_irq_exit();
}

TEST_F(Locks, WhoOnlyTriesWaitsForNobodyAndHasNoOrder) {
  nest(&a, &b);
  spin_lock(&b);
  EXPECT_EQ(spin_trylock(&a), 1);
  EXPECT_EQ(spin_trylock(&b), 0);
  EXPECT_TRUE(spin_is_locked(&a));
  spin_unlock(&a);
  spin_unlock(&b);
  static spinlock_t* lock;
  lock = &c;
  start_context(
      [](void*) {
        spin_lock(lock);
        suspend_context();
        spin_unlock(lock);
      },
      nullptr);
  EXPECT_EQ(spin_trylock(&c), 0);
  finish_oldest_context();
  EXPECT_EQ(spin_trylock(&c), 1);
  spin_unlock(&c);
}

TEST_F(Locks, InterruptUseIsForgottenByTheNextRun) {
  shim_irq_enter();
  spin_lock(&a);
  spin_unlock(&a);
  shim_irq_exit();
  reset_world(2);
  spin_lock(&a);
  spin_unlock(&a);
}

TEST_F(Locks, MutexLeftHeldIsReleasedByReset) {
  mutex_lock(&m);
  reset_world(2);
  mutex_lock(&m);
  mutex_unlock(&m);
}

TEST_F(Locks, FreeOfAReleasedLockIsFine) {
  spinlock_t* lock = static_cast<spinlock_t*>(kmalloc(sizeof(spinlock_t), GFP_KERNEL));
  spin_lock_init(lock);
  spin_lock(lock);
  spin_unlock(lock);
  kfree(lock);
}

TEST_F(Locks, NestedLocksOfOneClassAreInOrder) {
  spinlock_t locks[2];
  for (spinlock_t& lock : locks) spin_lock_init(&lock);
  const auto nest_with = [&](auto take_inner) {
    return oracles_of([&] {
      spin_lock(&locks[0]);
      take_inner(&locks[1]);
      spin_unlock(&locks[1]);
      spin_unlock(&locks[0]);
    });
  };
  EXPECT_EQ(nest_with([](spinlock_t* lock) { shim_spin_lock_nested(lock, SHIM_SITE); }), Ids{});
  EXPECT_EQ(nest_with([this](spinlock_t* lock) {
              flags = shim_spin_lock_irqsave_nested(lock, SHIM_SITE);
              spin_unlock_irqrestore(lock, flags);
              shim_spin_lock_nested(lock, SHIM_SITE);
            }),
            Ids{});
  EXPECT_EQ(nest_with([](spinlock_t* lock) { spin_lock(lock); }), order);
}

TEST_F(LocksDeathTest, MisuseOfAMutexIsToldLikeThatOfASpinlock) {
  EXPECT_DEATH((mutex_lock(&m), mutex_lock(&m)), "^lock-recursion: ");
  EXPECT_DEATH(mutex_unlock(&m), "^lock-not-held: ");
  EXPECT_DEATH((mutex_lock(&m), check_end_of_operation("test")), "^lock-held-at-end: ");
  m.lock.magic = 0;
  EXPECT_DEATH(mutex_lock(&m), "^lock-uninitialized: ");
  EXPECT_DEATH(mutex_unlock(&m), "^lock-uninitialized: ");
}

TEST_F(LocksDeathTest, AssertOfALockThatIsNotHeldIsTold) {
  EXPECT_DEATH(assert_spin_locked(&a), "^lock-not-held: ");
  a.magic = 0;
  EXPECT_DEATH(assert_spin_locked(&a), "^lock-uninitialized: ");
}

TEST_F(LocksDeathTest, LockHeldAtTheEndNamesOperationAndLock) {
  EXPECT_DEATH((spin_lock(&a), check_end_of_operation("alloc")),
               "alloc ended with &a of SetUp\\(\\) held");
}

TEST_F(LocksDeathTest, PreemptionIsBalanced) {
  EXPECT_DEATH(shim_preempt_enable(SHIM_SITE), "^lock-not-held: .*preemption is not off");
  EXPECT_DEATH((shim_preempt_disable(), check_end_of_operation("test")),
               "^lock-held-at-end: .*preemption off");
}

TEST_F(LocksDeathTest, SoftirqsAreBalanced) {
  EXPECT_DEATH(spin_unlock_bh((spin_lock(&a), &a)), "^lock-not-held: .*softirqs are not off");
  EXPECT_DEATH((shim_local_bh_disable(), check_end_of_operation("test")),
               "^lock-held-at-end: .*softirqs off");
}

TEST_F(LocksDeathTest, TooManyHeldLocksAreToldAsTheShimsOwnLimit) {
  static shim_lock_class classes[17];
  static spinlock_t locks[17];
  auto take_all = [] {
    for (int i = 0; i < 17; i++) {
      classes[i] = {"lock", "test", 0};
      shim_lock_init(&locks[i], &classes[i]);
      spin_lock(&locks[i]);
    }
  };
  EXPECT_DEATH(take_all(), "at most 16 held locks");
}

}  // namespace
}  // namespace shim
