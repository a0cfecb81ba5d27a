// SPDX-License-Identifier: GPL-2.0-only
#include "races.h"

#include "atomic.h"
#include "cpu.h"
#include "llist.h"
#include "locks.h"
#include "object.h"
#include "rcu.h"
#include "slab.h"
#include "timekeeping.h"
#include "world_test.h"

// Instrumented code calls these before each access.
extern "C" {
void __sanitizer_cov_load4(const void* address);
void __sanitizer_cov_load8(const void* address);
void __sanitizer_cov_store4(const void* address);
void __sanitizer_cov_store8(const void* address);
}

namespace shim {
namespace {

long shared, other;  // not local to a function
struct {
  int low, high;
} halves;

[[gnu::noinline]] void read_shared() {
  __sanitizer_cov_load8(&shared);
  asm volatile("");  // no tail call
}
[[gnu::noinline]] void write_shared() {
  __sanitizer_cov_store8(&shared);
  asm volatile("");
}

class Races : public WorldTest {
 protected:
  void SetUp() override {
    WorldTest::SetUp();
    watch_races(true);
    spin_lock_init(&lock);
    spin_lock_init(&other_lock);
  }
  void TearDown() override {
    watch_races(false);
    WorldTest::TearDown();
  }
  template <class Code>
  void on(unsigned cpu, Code code) {
    shim_set_current_cpu(cpu);
    code();
  }
  template <class Code>
  void locked(spinlock_t& lock, Code code) {
    spin_lock(&lock);
    code();
    spin_unlock(&lock);
  }

  spinlock_t lock, other_lock;
};

TEST_F(Races, OfTwoCpusOneOfWhichWrites) {
  set_current_operation(3);
  on(0, write_shared);
  set_current_operation(5);
  on(1, read_shared);
  ASSERT_EQ(races().size(), 1u);
  const Race race = races()[0];
  EXPECT_EQ(race.address, &shared);
  EXPECT_EQ(race.earlier.function, "write_shared");
  EXPECT_EQ(race.earlier.strand, "CPU 0");
  EXPECT_EQ(race.earlier.operation, 3u);
  EXPECT_TRUE(race.earlier.is_write);
  EXPECT_EQ(race.earlier.bytes, 8u);
  EXPECT_EQ(race.earlier.locks, "no lock");
  EXPECT_EQ(race.later.function, "read_shared");
  EXPECT_EQ(race.later.strand, "CPU 1");
  EXPECT_EQ(race.later.operation, 5u);
  EXPECT_FALSE(race.later.is_write);
}

TEST_F(Races, AreToldOnceOfTwoPlaces) {
  for (int i = 0; i < 10; i++) {
    on(0, write_shared);
    on(1, read_shared);
  }
  EXPECT_EQ(races().size(), 2u);  // each access was the later one once
}

TEST_F(Races, OfOneCpuAreNone) {
  on(1, write_shared);
  on(1, read_shared);
  on(1, write_shared);
  EXPECT_TRUE(races().empty());
}

TEST_F(Races, OfReadersAreNone) {
  on(0, read_shared);
  on(1, read_shared);
  EXPECT_TRUE(races().empty());
  // Each reader races with a writer, whichever reader came last.
  watch_races(true);
  on(0, read_shared);
  on(1, read_shared);
  on(1, write_shared);
  EXPECT_EQ(races().size(), 1u);
}

TEST_F(Races, AreNoneUnderOneLock) {
  on(0, [&] { locked(lock, write_shared); });
  on(1, [&] { locked(lock, write_shared); });
  on(0, [&] { locked(lock, read_shared); });
  EXPECT_TRUE(races().empty());
}

TEST_F(Races, TellTheLocksThatAreHeld) {
  on(0, [&] { locked(lock, write_shared); });
  on(1, [&] { locked(other_lock, [&] { locked(lock, [] {}); }); });
  on(0, [&] { locked(lock, write_shared); });
  on(1, [&] { locked(other_lock, write_shared); });
  ASSERT_EQ(races().size(), 1u);
  EXPECT_EQ(races()[0].earlier.locks, "&lock of SetUp()");
  EXPECT_EQ(races()[0].later.locks, "&other_lock of SetUp()");
  EXPECT_EQ(races()[0].later.held, 1u);
}

// The schedule hides a race if a lock that has nothing to do with it comes between the accesses.
TEST_F(Races, AreHiddenByAnOrderThatHappensToBe) {
  on(0, [&] {
    write_shared();
    locked(lock, [] {});
  });
  on(1, [&] {
    locked(lock, [] {});
    write_shared();
  });
  EXPECT_TRUE(races().empty());
}

TEST_F(Races, OfBytesThatNobodyShares) {
  on(0, [] { __sanitizer_cov_store4(&halves.low); });
  on(1, [] { __sanitizer_cov_store4(&halves.high); });
  EXPECT_TRUE(races().empty());
  on(0, [] { __sanitizer_cov_load8(&halves); });
  EXPECT_EQ(races().size(), 1u);
}

// Like the head and tail of a ring, which CPUs and a timer use.
TEST_F(Races, AreToldWhereManyMeetTwoVariablesOfAWord) {
  on(0, [] { __sanitizer_cov_store4(&halves.low); });
  for (unsigned cpu : {1u, 2u, 3u})
    on(cpu, [] {
      __sanitizer_cov_load4(&halves.high);
      __sanitizer_cov_load4(&halves.high);
    });
  EXPECT_TRUE(races().empty());
  on(1, [] { __sanitizer_cov_load4(&halves.low); });
  EXPECT_EQ(races().size(), 1u);
}

TEST_F(Races, OfAFunctionsOwnVariablesAreNone) {
  long own = 0;
  on(0, [&] { __sanitizer_cov_store8(&own); });
  on(1, [&] { __sanitizer_cov_store8(&own); });
  EXPECT_TRUE(races().empty());
}

TEST_F(Races, OfMarkedAccessesAreNone) {
  on(0, [] {
    shim_mark(&shared, SHIM_SITE);
    write_shared();
  });
  on(1, [] {
    shim_mark(&shared, SHIM_SITE);
    read_shared();
  });
  EXPECT_TRUE(races().empty());
  // A mark applies to one access only.
  watch_races(true);
  on(0, [] {
    shim_mark(&shared, SHIM_SITE);
    write_shared();
  });
  on(1, read_shared);
  ASSERT_EQ(races().size(), 1u);
  EXPECT_TRUE(races()[0].earlier.is_marked);
  EXPECT_FALSE(races()[0].later.is_marked);
}

TEST_F(Races, UpdatesAreTwoMarkedAccesses) {
  for (unsigned cpu : {0, 1, 0})
    on(cpu, [] {
      shim_mark_update(&shared, SHIM_SITE);
      read_shared();
      write_shared();
    });
  EXPECT_TRUE(races().empty());
}

// Message passing, as for herd7: with both barriers there is no race, and without either there is.
TEST_F(Races, BarriersPublishWhatIsMarked) {
  const auto pass = [&](bool with_write_barrier, bool with_read_barrier, auto last) {
    watch_races(true);
    on(0, [&] {
      write_shared();
      if (with_write_barrier) smp_wmb();
      shim_mark(&other, SHIM_SITE);
      __sanitizer_cov_store8(&other);
    });
    on(1, [&] {
      shim_mark(&other, SHIM_SITE);
      __sanitizer_cov_load8(&other);
      if (with_read_barrier) smp_rmb();
      last();
    });
    return races().size();
  };
  EXPECT_EQ(pass(true, true, read_shared), 0u);
  EXPECT_EQ(pass(false, true, read_shared), 1u);
  EXPECT_EQ(pass(true, false, read_shared), 1u);
  // A branch on the value read, if the code has one, orders later writes.
  EXPECT_EQ(pass(true, false, write_shared), 0u);
  EXPECT_EQ(pass(false, false, write_shared), 1u);
}

TEST_F(Races, AMarkedWriteItselfIsKnownToWhoIsToldByAReader) {
  reset_world(3);
  for (bool is_read : {true, false}) {
    watch_races(true);
    on(0, [] {
      shim_mark(&shared, SHIM_SITE);
      write_shared();
    });
    on(1, [&] {
      if (is_read) {
        shim_mark(&shared, SHIM_SITE);
        read_shared();
      }
      locked(lock, [] {});
    });
    on(2, [&] { locked(lock, read_shared); });
    EXPECT_EQ(races().size(), is_read ? 0u : 1u);
  }
}

TEST_F(Races, ReadsDependOnAPointerThatWasRead) {
  static long* object;
  static long** place;
  object = static_cast<long*>(kzalloc(2 * sizeof(long), GFP_KERNEL));
  place = &object;
  for (bool with_barrier : {true, false}) {
    watch_races(true);
    on(0, [&] {
      __sanitizer_cov_store8(object + 1);
      if (with_barrier) smp_wmb();
      shim_mark(place, SHIM_SITE);
      __sanitizer_cov_store8(place);
    });
    on(1, [&] {
      shim_mark(place, SHIM_SITE);
      __sanitizer_cov_load8(place);
      __sanitizer_cov_load8(object + 1);
    });
    EXPECT_EQ(races().size(), with_barrier ? 0u : 1u);
  }
  kfree(object);
}

TEST_F(Races, AtomicsThatReturnAValueAreFullBarriers) {
  static atomic_t flag;
  const auto pass = [&](auto update) {
    watch_races(true);
    on(0, [&] {
      write_shared();
      update();
      __sanitizer_cov_store4(&flag);  // instrumented code makes this call
    });
    on(1, [&] {
      update();
      __sanitizer_cov_load4(&flag);
      __sanitizer_cov_store4(&flag);
      smp_mb();
      read_shared();
    });
    return races().size();
  };
  EXPECT_EQ(pass([] {
              shim_barrier(SHIM_ALL);
              shim_mark_update(&flag, SHIM_SITE);
            }),
            0u);
  EXPECT_EQ(pass([] { shim_mark_update(&flag, SHIM_SITE); }), 1u);  // atomic_inc()
}

TEST_F(Races, CallersKeepAnOrder) {
  on(0, [] {
    write_shared();
    note_happens_before(&other);
  });
  on(1, [] {
    note_happens_after(&other);
    write_shared();
  });
  EXPECT_TRUE(races().empty());
  on(0, write_shared);
  EXPECT_EQ(races().size(), 1u);
}

struct Event {
  delayed_work work;
  timer_list timer;
};

TEST_F(Races, HandlersComeAfterWhatQueuedThem) {
  static Event event;
  INIT_DELAYED_WORK(&event.work, [](work_struct*) { write_shared(); });
  timer_setup(
      &event.timer, [](timer_list*) { write_shared(); }, 0);
  on(1, [] {
    write_shared();
    schedule_delayed_work(&event.work, 1);
  });
  on(0, [] { shim_advance(10); });
  EXPECT_TRUE(races().empty());
  on(1, [] {
    cancel_delayed_work_sync(&event.work);
    write_shared();
    mod_timer(&event.timer, jiffies + 1);
  });
  on(0, [] { shim_advance(10); });
  EXPECT_TRUE(races().empty());
  // del_timer() does not wait for the timer's handler.
  on(1, [] {
    del_timer(&event.timer);
    read_shared();
  });
  ASSERT_EQ(races().size(), 1u);
  EXPECT_EQ(races()[0].earlier.strand, "timer on CPU 0");
}

TEST_F(Races, DeadCpusAreDoneAndNewOnesBegin) {
  on(1, write_shared);
  on(0, [] {
    shim_cpu_offline(1);
    write_shared();
    shim_cpu_online(1);
  });
  on(1, write_shared);
  EXPECT_TRUE(races().empty());
}

TEST_F(Races, ReadersOfRcuSeeWhatWasPublishedUnderALock) {
  on(0, [&] { locked(lock, write_shared); });
  on(1, [] {
    shim_rcu_read_lock();
    read_shared();
    shim_rcu_read_unlock(SHIM_SITE);
  });
  EXPECT_TRUE(races().empty());
}

TEST_F(Races, AreForgottenWithTheWorld) {
  on(0, write_shared);
  on(1, write_shared);
  EXPECT_FALSE(races().empty());
  reset_world(2);
  EXPECT_TRUE(races().empty());
  on(0, write_shared);
  on(1, write_shared);
  EXPECT_TRUE(races().empty());  // races are not watched
}

TEST_F(Races, NotBetweenCallRcuItsCallbackAndABarrier) {
  rcu_head head{};
  on(0, [&] {
    write_shared();
    call_rcu(&head, [](rcu_head*) { write_shared(); });
  });
  on(1, [] { shim_advance(1); });
  on(0, [] {
    rcu_barrier();
    write_shared();
  });
  EXPECT_EQ(races().size(), 0u);
}

TEST_F(Races, NotBetweenAReaderAndWhatFollowsTheGracePeriod) {
  on(0, [] {
    rcu_read_lock();
    read_shared();
    rcu_read_unlock();
  });
  on(1, [] {
    synchronize_rcu();
    write_shared();
  });
  EXPECT_EQ(races().size(), 0u);
}

// As cmpxchg() and xchg(), which are full barriers.
TEST_F(Races, NotBetweenAnElementsAddAndItsRemoval) {
  static llist_head list;
  static llist_node element;
  for (const auto remove :
       {+[] { return llist_del_all(&list); }, +[] { return llist_del_first(&list); }}) {
    watch_races(true);
    on(0, [] {
      write_shared();
      llist_add(&element, &list);
    });
    on(1, [&] {
      EXPECT_EQ(remove(), &element);
      read_shared();
    });
    EXPECT_EQ(races().size(), 0u);
  }
}

}  // namespace
}  // namespace shim
