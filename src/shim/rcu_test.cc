// SPDX-License-Identifier: GPL-2.0-only
#include "rcu.h"

#include "context.h"
#include "object.h"
#include "slab.h"
#include "timekeeping.h"
#include "world_test.h"

namespace shim {
namespace {

std::vector<const rcu_head*> ran;

void note(rcu_head* head) { ran.push_back(head); }

class Rcu : public WorldTest {
 protected:
  void SetUp() override {
    WorldTest::SetUp();
    ran.clear();
  }
  rcu_head a{}, b{};
};
using Heads = std::vector<const rcu_head*>;

TEST_F(Rcu, CallbacksWaitUntilTimeMoves) {
  call_rcu(&a, note);
  call_rcu(&b, note);
  shim_advance(0);
  EXPECT_EQ(ran, Heads{});
  shim_advance(1);
  EXPECT_EQ(ran, (Heads{&a, &b}));
  call_rcu(&a, note);
  shim_advance(1);
  EXPECT_EQ(ran, (Heads{&a, &b, &a}));
}

TEST_F(Rcu, WhatACallbackQueuesWaitsForTheNextGracePeriod) {
  call_rcu(&a, [](rcu_head* head) {
    note(head);
    call_rcu(head, note);
  });
  shim_advance(1);
  EXPECT_EQ(ran, Heads{&a});
  shim_advance(1);
  EXPECT_EQ(ran, (Heads{&a, &a}));
}

TEST_F(Rcu, CallbacksRunBeforeHandlersThatAreDueLater) {
  static rcu_head* queued;
  queued = &a;
  static Heads seen;
  seen.clear();
  delayed_work work;
  INIT_DELAYED_WORK(&work, [](work_struct*) { seen = ran; });
  schedule_delayed_work(&work, 5);
  call_rcu(queued, note);
  shim_advance(5 * 1000 / HZ);
  EXPECT_EQ(seen, Heads{&a});
}

TEST_F(Rcu, RestEndsAGracePeriod) {
  call_rcu(&a, note);
  EXPECT_EQ(shim_rest(10), 0u);
  EXPECT_EQ(ran, Heads{&a});
}

// The memory of the event may be gone.
TEST_F(Rcu, EventThatIsCancelledWhileACallbackIsSuspendedDoesNotRun) {
  static bool has_run;
  has_run = false;
  auto* work = static_cast<delayed_work*>(kmalloc(sizeof(delayed_work), GFP_KERNEL));
  INIT_DELAYED_WORK(work, [](work_struct*) { has_run = true; });
  schedule_delayed_work(work, 5);
  call_rcu(&a, [](rcu_head*) { suspend_context(); });
  start_context([](void*) { shim_advance(100); }, nullptr);
  ASSERT_EQ(suspended_contexts(), 1u);
  EXPECT_TRUE(cancel_delayed_work_sync(work));
  kfree(work);
  finish_oldest_context();
  EXPECT_FALSE(has_run);
}

TEST_F(Rcu, BarrierRunsThemAndSynchronizeOnlyWaitsForReaders) {
  call_rcu(&a, note);
  synchronize_rcu();
  EXPECT_EQ(ran, Heads{});
  rcu_barrier();
  EXPECT_EQ(ran, Heads{&a});
}

TEST_F(Rcu, ReaderHoldsThemUp) {
  rcu_read_lock();
  rcu_read_lock();
  call_rcu(&a, note);
  shim_advance(1);
  rcu_read_unlock();
  shim_advance(1);
  EXPECT_EQ(ran, Heads{});
  EXPECT_TRUE(rcu_read_lock_held());
  rcu_read_unlock();
  EXPECT_FALSE(rcu_read_lock_held());
  shim_advance(1);
  EXPECT_EQ(ran, Heads{&a});
}

TEST_F(Rcu, SuspendedReaderHoldsThemUpAndIsWaitedFor) {
  bool ended = start_context(
      [](void*) {
        rcu_read_lock();
        suspend_context();
        EXPECT_TRUE(rcu_read_lock_held());
        rcu_read_unlock();
      },
      nullptr);
  EXPECT_FALSE(ended);
  EXPECT_FALSE(rcu_read_lock_held());
  call_rcu(&a, note);
  shim_advance(1);
  EXPECT_EQ(ran, Heads{});
  rcu_barrier();
  EXPECT_EQ(suspended_contexts(), 0u);
  EXPECT_EQ(ran, Heads{&a});
}

// The context that runs callbacks is suspended in the first of two.
TEST_F(Rcu, BarrierWaitsForCallbacksUnderWay) {
  const auto suspend_and_note = [](rcu_head* head) {
    suspend_context();
    note(head);
  };
  call_rcu(&a, suspend_and_note);
  call_rcu(&b, note);
  EXPECT_FALSE(start_context([](void*) { shim_advance(1); }, nullptr));
  synchronize_rcu();
  EXPECT_EQ(ran, Heads{});
  rcu_barrier();
  EXPECT_EQ(suspended_contexts(), 0u);
  EXPECT_EQ(ran, (Heads{&a, &b}));
}

TEST_F(Rcu, DestroyedCacheWaitsForItsKfreeRcuUnderWay) {
  kmem_cache* cache = kmem_cache_create("test", sizeof(rcu_head), 0, 0, nullptr);
  auto* object = static_cast<rcu_head*>(kmem_cache_alloc(cache, GFP_KERNEL));
  shim_kfree_rcu(object, object, SHIM_SITE);
  EXPECT_FALSE(start_context([](void*) { shim_advance(1); }, nullptr, 1));
  kmem_cache_destroy(cache);
  EXPECT_EQ(suspended_contexts(), 0u);
}

// A callback queued behind the one that runs still waits.
TEST_F(Rcu, CallbackOfTheSameGracePeriodIsQueuedUntilItRuns) {
  static rcu_head* second;
  second = &b;
  call_rcu(&a, [](rcu_head*) { call_rcu(second, note); });
  call_rcu(&b, note);
  set_finding_handler(nullptr);
  EXPECT_DEATH(shim_advance(1), "rcu-double-call");
  reset_world(2);
}

TEST_F(Rcu, KfreeRcuFreesKmallocMemoryAndCacheObjects) {
  struct Node {
    long before;
    rcu_head rcu;
  };
  kmem_cache* cache = kmem_cache_create("test", sizeof(Node), 0, 0, nullptr);
  auto* first = static_cast<Node*>(kmalloc(sizeof(Node), GFP_KERNEL));
  auto* second = static_cast<Node*>(kmem_cache_alloc(cache, GFP_KERNEL));
  kfree_rcu(first, rcu);
  kfree_rcu(second, rcu);
  EXPECT_EQ(census().kmalloc_objects + census().cache_objects, 2u);
  shim_advance(1);
  EXPECT_EQ(census().kmalloc_objects + census().cache_objects, 0u);
  // kmem_cache_destroy() waits for the object.
  second = static_cast<Node*>(kmem_cache_alloc(cache, GFP_KERNEL));
  kfree_rcu(second, rcu);
  kmem_cache_destroy(cache);
}

TEST_F(Rcu, EndOfTheRunLetsThemRun) {
  auto* head = static_cast<rcu_head*>(kmalloc(sizeof(rcu_head), GFP_KERNEL));
  call_rcu(head, [](rcu_head* done) { kfree(done); });
  EXPECT_EQ(oracles_of(check_end_of_run), Ids{});
}

TEST_F(Rcu, CacheDestroyedBeforeItsCallbacksRanHasLiveObjects) {
  static kmem_cache* cache;
  cache = kmem_cache_create("test", sizeof(rcu_head), 0, 0, nullptr);
  auto* head = static_cast<rcu_head*>(kmem_cache_alloc(cache, GFP_KERNEL));
  call_rcu(head, [](rcu_head* done) { kmem_cache_free(cache, done); });
  EXPECT_EQ(oracles_of([] { kmem_cache_destroy(cache); }), Ids{"slab-destroy-live"});
  reset_world(2);
}

TEST_F(Rcu, UnprotectedWalkIsToldOnceAnOperation) {
  auto walk = [] {
    for (int i = 0; i < 3; i++) shim_check_rcu_access(false, SHIM_SITE);
  };
  set_current_operation(1);
  EXPECT_EQ(oracles_of(walk), Ids{"rcu-unprotected"});
  EXPECT_EQ(oracles_of(walk), Ids{});
  set_current_operation(2);
  EXPECT_EQ(oracles_of(walk), Ids{"rcu-unprotected"});
  set_current_operation(outside_program);
}

TEST_F(Rcu, NothingInAReadSideSectionSleeps) {
  rcu_read_lock();
  EXPECT_EQ(oracles_of([] { synchronize_rcu(); }), Ids{"sleep-in-atomic"});
  rcu_read_unlock();
}

}  // namespace
}  // namespace shim
