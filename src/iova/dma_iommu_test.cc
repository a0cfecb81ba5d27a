// SPDX-License-Identifier: GPL-2.0-only
#include <cerrno>
#include <functional>
#include <utility>

#include "iova/port_test.h"
#include "shim/iommu.h"

namespace {

constexpr unsigned long ring_size = 255;  // entries; one more stays free

class FlushQueue : public PortTest {
 protected:
  FlushQueue() {
    flushes = 0;
    during_flush = nullptr;
    shim::set_iommu_handlers({.flush_hardware = [](const void*) {
      flushes++;
      if (during_flush) during_flush();
    }});
  }
  ~FlushQueue() override { shim::set_iommu_handlers({}); }

  void init_with_queue(bool single = false) {
    init_with_rcaches();
    ASSERT_EQ(v.queue->init(domain, single), 0);
  }
  const void* queue(unsigned long pfn, unsigned long size = 1, int pages = 0) {
    list_head list;
    INIT_LIST_HEAD(&list);
    for (; pages; pages--) shim_add_page(&list, SHIM_SITE);
    return v.queue->queue(domain, pfn, size, &list);
  }
  void queue_many(size_t count) {
    for (size_t i = 0; i < count; i++) queue(alloc_fast(1), 1, 1);
  }
  std::vector<iova_queued_view> queued() const {
    std::vector<iova_queued_view> result;
    v.queue->each_queued(
        domain,
        [](void* out, const iova_queued_view* view) {
          static_cast<std::vector<iova_queued_view>*>(out)->push_back(*view);
        },
        &result);
    return result;
  }
  iova_queue_fields queue_fields() const {
    iova_queue_fields result;
    v.queue->fields(domain, &result);
    return result;
  }

  static int flushes;
  static std::function<void()> during_flush;
};
int FlushQueue::flushes;
std::function<void()> FlushQueue::during_flush;
INSTANTIATE_PORT_TESTS(FlushQueue);

TEST_P(FlushQueue, ReleasesARangeAfterItsTimeout) {
  init_with_queue();
  unsigned long pfn = alloc_fast(1);
  queue(pfn, 1, 2);
  EXPECT_EQ(queued().size(), 1u);
  EXPECT_NE(alloc_fast(1), pfn);
  shim_advance(9);
  EXPECT_EQ(queued().size(), 1u);
  EXPECT_EQ(shim::census().pages, 2u);
  shim_advance(1);
  EXPECT_EQ(flushes, 1);
  EXPECT_TRUE(queued().empty());
  EXPECT_EQ(shim::census().pages, 0u);
  EXPECT_EQ(alloc_fast(1), pfn);
}

TEST_P(FlushQueue, ArmsItsTimerOnceForAllThatWait) {
  init_with_queue();
  queue_many(3);
  shim_advance(5);
  queue_many(3);
  shim_advance(5);
  EXPECT_EQ(flushes, 1);
  EXPECT_TRUE(queued().empty());
  EXPECT_FALSE(queue_fields().timer_pending);
  shim_advance(100);
  EXPECT_EQ(flushes, 1);
}

TEST_P(FlushQueue, FlushesAtOnceWhenTheRingIsFull) {
  init_with_queue();
  queue_many(ring_size);
  EXPECT_EQ(flushes, 0);
  queue_many(1);
  EXPECT_EQ(flushes, 1);
  EXPECT_EQ(queued().size(), 1u);
  EXPECT_EQ(shim::census().pages, 1u);
}

TEST_P(FlushQueue, HasARingForEachCpu) {
  init_with_queue();
  queue_many(ring_size);
  shim_set_current_cpu(1);
  queue_many(1);
  EXPECT_EQ(flushes, 0);
  EXPECT_EQ(queued().back().ring, 1u);
  shim_advance(10);
  EXPECT_TRUE(queued().empty());
}

TEST_P(FlushQueue, ReleasesTheRingsOfOfflineCpusToo) {
  init_with_queue();
  shim_set_current_cpu(1);
  queue_many(5);
  shim_cpu_offline(1);
  shim_advance(10);
  EXPECT_TRUE(queued().empty());
}

TEST_P(FlushQueue, WhatIsQueuedDuringAFlushWaitsForTheNext) {
  init_with_queue();
  unsigned long pfn = alloc_fast(8);
  queue_many(1);
  bool once = false;
  during_flush = [&] {
    if (!std::exchange(once, true)) queue(pfn, 8);
  };
  shim_advance(10);
  ASSERT_EQ(queued().size(), 1u);
  EXPECT_EQ(queued()[0].pfn, pfn);
  EXPECT_EQ(queued()[0].counter, 1u);
  EXPECT_TRUE(queue_fields().timer_pending);
  shim_advance(10);
  EXPECT_EQ(flushes, 2);
  EXPECT_TRUE(queued().empty());
}

TEST_P(FlushQueue, ReusesEntriesWhoseListsWerePut) {
  init_with_queue();
  for (int round = 0; round < 5; round++) queue_many(100);
  EXPECT_GT(flushes, 0);
  shim_advance(10);
  EXPECT_EQ(shim::census().pages, 0u);
}

TEST_P(FlushQueue, LargeRangesGoBackToTheTree) {
  init_with_queue();
  unsigned long pfn = alloc_fast(100);
  queue(pfn, 100);
  EXPECT_EQ(nodes().size(), 1u);
  shim_advance(10);
  EXPECT_TRUE(nodes().empty());
}

TEST_P(FlushQueue, OneRingForAllCpus) {
  EXPECT_EQ(v.queue->has_single, behaviour.single_flush_queue);
  if (!behaviour.single_flush_queue) return;
  init_with_queue(true);
  queue_many(ring_size);
  shim_set_current_cpu(1);
  EXPECT_EQ(flushes, 0);
  queue_many(1);
  EXPECT_EQ(flushes, 1);
  EXPECT_EQ(queued()[0].ring, 0u);
  shim_advance(999);
  EXPECT_EQ(queued().size(), 1u);
  shim_advance(1);
  EXPECT_TRUE(queued().empty());
}

TEST_P(FlushQueue, PutFreesPagesWithoutAFlush) {
  for (bool single : {false, true}) {
    if (single && !v.queue->has_single) continue;
    init_with_queue(single);
    queue_many(5);
    put();
    EXPECT_EQ(flushes, 0);
    EXPECT_EQ(shim::census().pages, 0u);
    EXPECT_EQ(shim::census().vmalloc_objects, 0u);
    EXPECT_EQ(shim::census().percpu_objects, 0u);
    EXPECT_EQ(shim::census().pending_events, 0u);
  }
}

TEST_P(FlushQueue, InitThatFailsLeavesNothingAndCanBeRepeated) {
  for (bool single : {false, true}) {
    if (single && !v.queue->has_single) continue;
    SCOPED_TRACE(single);
    init_with_rcaches();
    shim::Census before = shim::census();
    fail(0);
    EXPECT_EQ(v.queue->init(domain, single), -ENOMEM);
    EXPECT_EQ(shim::census(), before);
    EXPECT_FALSE(queue_fields().exists);
    shim::plan_no_faults();
    EXPECT_EQ(v.queue->init(domain, single), 0);
    EXPECT_EQ(v.queue->init(domain, single), 0);
    EXPECT_EQ(shim::attempts().size(), 1u);
    EXPECT_TRUE(queue_fields().exists);
    put();
  }
}

}  // namespace
