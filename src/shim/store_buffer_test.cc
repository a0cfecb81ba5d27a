// SPDX-License-Identifier: GPL-2.0-only
#include "store_buffer.h"

#include "context.h"
#include "counters.h"
#include "cpu.h"
#include "locks.h"
#include "world_test.h"

namespace shim {
namespace {

atomic_t flag;
spinlock_t lock, other_lock;
bool is_visible;

void post() {
  is_visible = false;
  post_store([](void* visible) { *static_cast<bool*>(visible) = true; }, &is_visible);
}

class StoreBuffer : public WorldTest {
 protected:
  void SetUp() override {
    WorldTest::SetUp();
    spin_lock_init(&lock);
    spin_lock_init(&other_lock);
  }
  // Runs code, which posts a store and suspends itself, in a context.
  void suspend(void (*code)()) {
    ASSERT_FALSE(start_context([](void* code) { reinterpret_cast<void (*)()>(code)(); },
                               reinterpret_cast<void*>(code)));
    shim_set_current_cpu(1);
  }
};

TEST_F(StoreBuffer, HoldsNothingUpWhereNobodyCanComeBetween) {
  post();
  EXPECT_TRUE(is_visible);
}

// SB: the strand's later accesses may come before its store becomes visible to another strand.
TEST_F(StoreBuffer, IsNotEmptiedByReadsAndWritesThatFollow) {
  suspend([] {
    post();
    atomic_set(&flag, atomic_read(&flag) + 1);
    smp_wmb();
    smp_rmb();
    suspend_context();
    finish_stores();
  });
  EXPECT_FALSE(is_visible);
  resume_context(0);
  EXPECT_TRUE(is_visible);
}

// A flush may begin between an earlier access of the strand and its barrier.
TEST_F(StoreBuffer, ShowsWhereABarrierIsYetToCome) {
  const auto code = [](void*) {
    post();
    smp_mb();
  };
  ASSERT_FALSE(start_context(code, nullptr, 1));
  EXPECT_FALSE(is_visible);
  EXPECT_TRUE(resume_context(0));
  EXPECT_TRUE(is_visible);
  EXPECT_TRUE(start_context([](void*) { smp_mb(); }, nullptr, 1));  // nothing is delayed
}

// SB+mbs
TEST_F(StoreBuffer, IsEmptiedByFullBarriers) {
  suspend([] {
    post();
    smp_mb();
    suspend_context();
  });
  EXPECT_TRUE(is_visible);
  resume_context(0);
  suspend([] {
    post();
    atomic_xchg(&flag, 1);
    suspend_context();
  });
  EXPECT_TRUE(is_visible);
  resume_context(0);
}

// Ordered as their names say: a counter's change without a result, or of a weaker order, is no
// full barrier.
TEST_F(StoreBuffer, IsEmptiedByChangesOfCountersThatAreFullBarriers) {
  static shim_ordering order;
  for (const auto& [tried, empties] : {std::pair(SHIM_FULL, true),
                                       {SHIM_RELAXED, false},
                                       {SHIM_ACQUIRE, false},
                                       {SHIM_RELEASE, false}}) {
    order = tried;
    suspend([] {
      post();
      shim_change_int(&flag, SHIM_ADD, 1, order, SHIM_SITE);
      suspend_context();
      finish_stores();
    });
    EXPECT_EQ(is_visible, empties);
    resume_context(0);
  }
}

// MP+polocks: the next holder of the lock sees the store; nobody sees it before.
TEST_F(StoreBuffer, IsEmptiedForTheNextHolderOfALock) {
  suspend([] {
    spin_lock(&other_lock);
    spin_unlock(&other_lock);
    post();
    spin_lock(&lock);
    spin_unlock(&lock);
    suspend_context();
  });
  EXPECT_FALSE(is_visible);
  spin_lock(&other_lock);
  spin_unlock(&other_lock);
  EXPECT_FALSE(is_visible);
  spin_lock(&lock);
  EXPECT_TRUE(is_visible);
  spin_unlock(&lock);
  resume_context(0);
}

TEST_F(StoreBuffer, IsForgottenWithTheWorld) {
  suspend([] {
    post();
    suspend_context();
  });
  reset_world(2);
  EXPECT_FALSE(is_visible);
  smp_mb();
  EXPECT_FALSE(is_visible);
}

}  // namespace
}  // namespace shim
