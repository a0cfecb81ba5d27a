// SPDX-License-Identifier: GPL-2.0-only
#include "cpu.h"

#include <cerrno>

#include "context.h"
#include "locks.h"
#include "world_test.h"

namespace shim {
namespace {

struct Death {
  unsigned cpu;
  hlist_node* node;
  bool operator==(const Death&) const = default;
};
using Deaths = std::vector<Death>;
Deaths deaths;

int on_dead_cpu(unsigned cpu, hlist_node* node) {
  EXPECT_FALSE(cpu_online(cpu));
  EXPECT_NE(raw_smp_processor_id(), cpu);
  deaths.push_back({cpu, node});
  return 0;
}

int register_state() {
  return cpuhp_setup_state_multi(CPUHP_IOMMU_IOVA_DEAD, "test", nullptr, on_dead_cpu);
}
void remove_state() { cpuhp_remove_multi_state(CPUHP_IOMMU_IOVA_DEAD); }
int add(hlist_node* node) { return cpuhp_state_add_instance_nocalls(CPUHP_IOMMU_IOVA_DEAD, node); }
int remove(hlist_node* node) {
  return cpuhp_state_remove_instance_nocalls(CPUHP_IOMMU_IOVA_DEAD, node);
}

class Cpus : public WorldTest {
 protected:
  void SetUp() override {
    reset_world(4);
    deaths.clear();
  }

  hlist_node a, b, c;
};

TEST_F(Cpus, StartOnlineWithTheFirstOneCurrent) {
  for (unsigned cpus = 1; cpus <= SHIM_MAX_CPUS; cpus++) {
    reset_world(cpus);
    EXPECT_EQ(num_possible_cpus(), cpus);
    EXPECT_EQ(num_online_cpus(), cpus);
    EXPECT_TRUE(cpu_online(cpus - 1));
    EXPECT_FALSE(cpu_online(cpus));
    EXPECT_EQ(raw_smp_processor_id(), 0u);
  }
}

TEST_F(Cpus, OfflineCpusStayPossible) {
  shim_cpu_offline(1);
  EXPECT_EQ(num_possible_cpus(), 4u);
  EXPECT_EQ(num_online_cpus(), 3u);
  EXPECT_FALSE(cpu_online(1));
  shim_cpu_online(1);
  EXPECT_TRUE(cpu_online(1));
}

TEST_F(Cpus, LoopsVisitPossibleOrOnlineCpus) {
  shim_cpu_offline(0);
  shim_cpu_offline(2);
  unsigned cpu;
  std::vector<unsigned> possible, online;
  for_each_possible_cpu(cpu) possible.push_back(cpu);
  for_each_online_cpu(cpu) online.push_back(cpu);
  EXPECT_EQ(possible, (std::vector<unsigned>{0, 1, 2, 3}));
  EXPECT_EQ(online, (std::vector<unsigned>{1, 3}));
}

TEST_F(Cpus, CurrentCpuMovesWhenItGoesOfflineOnly) {
  shim_set_current_cpu(2);
  shim_cpu_offline(0);
  EXPECT_EQ(raw_smp_processor_id(), 2u);
  shim_cpu_offline(2);
  EXPECT_EQ(raw_smp_processor_id(), 1u);
  shim_cpu_online(2);
  EXPECT_EQ(raw_smp_processor_id(), 1u);
}

TEST_F(Cpus, DeadCallbacksRunNewestFirstAfterTheCpuWentOffline) {
  register_state();
  for (hlist_node* node : {&a, &b, &c}) EXPECT_EQ(add(node), 0);
  EXPECT_EQ(deaths, Deaths{});
  shim_set_current_cpu(3);
  shim_cpu_offline(3);
  EXPECT_EQ(deaths, (Deaths{{3, &c}, {3, &b}, {3, &a}}));
  shim_cpu_online(3);
  EXPECT_EQ(deaths.size(), 3u);
  for (hlist_node* node : {&a, &b, &c}) remove(node);
  remove_state();
}

// Callbacks for CPUs that come and go, as they were called; one for startup_fails fails.
Deaths births;
hlist_node* startup_fails;
int on_new_cpu(unsigned cpu, hlist_node* node) {
  births.push_back({cpu, node});
  return node == startup_fails ? -ENOMEM : 0;
}
int on_gone_cpu(unsigned cpu, hlist_node* node) {
  deaths.push_back({cpu, node});
  return 0;
}

class StartedCpus : public Cpus {
 protected:
  void SetUp() override {
    Cpus::SetUp();
    births.clear();
    startup_fails = nullptr;
    ASSERT_EQ(cpuhp_setup_state_multi(CPUHP_IOMMU_IOVA_DEAD, "test", on_new_cpu, on_gone_cpu), 0);
  }
  void TearDown() override {
    remove_state();
    Cpus::TearDown();
  }
};

TEST_F(StartedCpus, CallbacksRunNewestFirstBeforeTheCpuIsOnline) {
  for (hlist_node* node : {&a, &b, &c}) add(node);
  EXPECT_EQ(births, Deaths{});
  shim_cpu_offline(3);
  EXPECT_EQ(shim_cpu_online(3), 0);
  EXPECT_EQ(births, (Deaths{{3, &c}, {3, &b}, {3, &a}}));
  EXPECT_TRUE(cpu_online(3));
  for (hlist_node* node : {&a, &b, &c}) remove(node);
}

TEST_F(StartedCpus, FailureLeavesTheCpuOfflineAndTearsDownWhatWasStarted) {
  for (hlist_node* node : {&a, &b, &c}) add(node);
  shim_cpu_offline(3);
  deaths.clear();
  startup_fails = &a;
  EXPECT_EQ(shim_cpu_online(3), -ENOMEM);
  EXPECT_FALSE(cpu_online(3));
  EXPECT_EQ(deaths, (Deaths{{3, &c}, {3, &b}}));
  for (hlist_node* node : {&a, &b, &c}) EXPECT_EQ(remove(node), 0);
}

TEST_F(StartedCpus, InstanceIsStartedAndTornDownForEachOnlineCpu) {
  shim_cpu_offline(1);
  EXPECT_EQ(cpuhp_state_add_instance(CPUHP_IOMMU_IOVA_DEAD, &a), 0);
  EXPECT_EQ(births, (Deaths{{0, &a}, {2, &a}, {3, &a}}));
  EXPECT_EQ(cpuhp_state_remove_instance(CPUHP_IOMMU_IOVA_DEAD, &a), 0);
  EXPECT_EQ(deaths, births);
  startup_fails = &b;
  EXPECT_EQ(cpuhp_state_add_instance(CPUHP_IOMMU_IOVA_DEAD, &b), -ENOMEM);
  EXPECT_EQ(facility::hotplug_instances(), 0u);
}

TEST_F(Cpus, RemovedInstancesAreNotCalled) {
  register_state();
  for (hlist_node* node : {&a, &b, &c}) add(node);
  EXPECT_EQ(remove(&b), 0);
  shim_cpu_offline(1);
  EXPECT_EQ(deaths, (Deaths{{1, &c}, {1, &a}}));
  remove(&a);
  remove(&c);
  shim_cpu_offline(2);
  EXPECT_EQ(deaths.size(), 2u);
  remove_state();
}

TEST_F(Cpus, StateCanBeRegisteredAgainAfterRemoval) {
  for (int i = 0; i < 2; i++) {
    EXPECT_EQ(register_state(), 0);
    EXPECT_EQ(add(&a), 0);
    EXPECT_EQ(remove(&a), 0);
    remove_state();
  }
}

TEST_F(Cpus, StateWithoutCallbackIsFine) {
  (void)cpuhp_setup_state_multi(CPUHP_IOMMU_IOVA_DEAD, "test", nullptr, nullptr);
  add(&a);
  shim_cpu_offline(1);
  remove(&a);
  remove_state();
}

TEST_F(Cpus, ChangesWaitForAChangeUnderWay) {
  static unsigned dead;
  for (const auto change :
       {+[] { EXPECT_EQ(shim_cpu_online(1), 0); }, +[] { shim_cpu_offline(2); }}) {
    reset_world(4);
    dead = 0;
    cpuhp_setup_state_multi(CPUHP_IOMMU_IOVA_DEAD, "test", nullptr, [](unsigned, hlist_node*) {
      if (!dead) suspend_context();
      dead++;
      return 0;
    });
    add(&a);
    ASSERT_FALSE(start_context([](void*) { shim_cpu_offline(1); }, nullptr));
    ASSERT_EQ(dead, 0u);
    change();
    EXPECT_EQ(suspended_contexts(), 0u);
    EXPECT_EQ(dead, cpu_online(1) ? 1u : 2u);
    remove(&a);
    remove_state();
  }
}

TEST_F(Cpus, RefusedCallsReportIt) {
  Ids unregistered = {"cpuhp-not-registered"};
  EXPECT_EQ(oracles_of([this] { EXPECT_EQ(add(&a), -EINVAL); }), unregistered);
  EXPECT_EQ(oracles_of([this] { EXPECT_EQ(remove(&a), -EINVAL); }), unregistered);
  EXPECT_EQ(oracles_of([] { remove_state(); }), unregistered);
  register_state();
  constexpr auto other_state = static_cast<cpuhp_state>(CPUHP_IOMMU_IOVA_DEAD + 1);
  EXPECT_EQ(oracles_of([=] { cpuhp_remove_multi_state(other_state); }), unregistered);
  EXPECT_EQ(oracles_of([=, this] {
              EXPECT_EQ(cpuhp_state_add_instance_nocalls(other_state, &a), -EINVAL);
            }),
            unregistered);
  EXPECT_EQ(oracles_of([] { EXPECT_EQ(register_state(), -EBUSY); }), Ids{"cpuhp-state-busy"});
  add(&a);
  EXPECT_EQ(oracles_of([this] { EXPECT_EQ(add(&a), -EINVAL); }), Ids{"cpuhp-double-add"});
  remove(&a);
  remove_state();
}

TEST_F(Cpus, HotplugCallsMaySleep) {
  Ids sleeps = {"sleep-in-atomic"};
  shim_irq_enter();
  EXPECT_EQ(oracles_of([] { register_state(); }), sleeps);
  EXPECT_EQ(oracles_of([this] { add(&a); }), sleeps);
  EXPECT_EQ(oracles_of([this] { remove(&a); }), sleeps);
  EXPECT_EQ(oracles_of([] { remove_state(); }), sleeps);
  shim_irq_exit();
}

}  // namespace
}  // namespace shim
