// SPDX-License-Identifier: GPL-2.0-only
#include "fault.h"

#include <cerrno>

#include "cpu.h"
#include "percpu.h"
#include "task.h"
#include "world_test.h"

namespace shim {
namespace {

kmem_cache* cache;  // objects of 40 bytes
hlist_node node;

bool kept(const void* object) { return object != nullptr; }

// A way to make an attempt; says whether the call succeeded.
struct Way {
  const char* what;
  bool (*call)();
  FallibleCall kind;
  gfp_t gfp;
  size_t size;
  const char* cache;
};

const Way ways[] = {
    {"cache_create", [] { return kept(kmem_cache_create("new", 24, 0, 0, nullptr)); },
     FallibleCall::cache_create, GFP_KERNEL, 24, "new"},
    {"slab_alloc_kernel", [] { return kept(kmem_cache_alloc(cache, GFP_KERNEL)); },
     FallibleCall::slab_alloc, GFP_KERNEL, 40, "test"},
    {"slab_alloc_atomic", [] { return kept(kmem_cache_zalloc(cache, GFP_ATOMIC)); },
     FallibleCall::slab_alloc, GFP_ATOMIC | __GFP_ZERO, 40, "test"},
    {"kmalloc_kernel", [] { return kept(kmalloc(56, GFP_KERNEL)); }, FallibleCall::kmalloc,
     GFP_KERNEL, 56, nullptr},
    {"kmalloc_atomic", [] { return kept(kmalloc(56, GFP_ATOMIC)); }, FallibleCall::kmalloc,
     GFP_ATOMIC, 56, nullptr},
    {"kzalloc_kernel", [] { return kept(kzalloc(56, GFP_KERNEL)); }, FallibleCall::kmalloc,
     GFP_KERNEL | __GFP_ZERO, 56, nullptr},
    {"kcalloc_kernel", [] { return kept(kcalloc(3, 8, GFP_KERNEL)); }, FallibleCall::kmalloc,
     GFP_KERNEL | __GFP_ZERO, 24, nullptr},
    {"kmalloc_array_atomic", [] { return kept(kmalloc_array(3, 8, GFP_ATOMIC)); },
     FallibleCall::kmalloc, GFP_ATOMIC, 24, nullptr},
    {"alloc_percpu", [] { return kept(__alloc_percpu(72, 64)); }, FallibleCall::percpu_alloc,
     GFP_KERNEL, 72, nullptr},
    {"cpuhp_setup",
     [] {
       return cpuhp_setup_state_multi(CPUHP_IOMMU_IOVA_DEAD, "iova:dead", nullptr, nullptr) == 0;
     },
     FallibleCall::cpuhp, GFP_KERNEL, 0, "iova:dead"},
    {"cpuhp_add_instance",
     [] { return cpuhp_state_add_instance_nocalls(CPUHP_IOMMU_IOVA_DEAD, &node) == 0; },
     FallibleCall::cpuhp, GFP_KERNEL, 0, "instance"},
};

void PrintTo(const Way& way, std::ostream* out) { *out << way.what; }

FaultMask bits(std::initializer_list<size_t> indices) {
  FaultMask mask;
  for (size_t i : indices) mask.set(i);
  return mask;
}

class FaultPlan : public testing::Test {
 protected:
  void SetUp() override {
    reset_world(2);
    cache = kmem_cache_create("test", 40, 0, 0, nullptr);
    plan_no_faults();
  }
  void TearDown() override { reset_world(2); }
};

class FallibleCalls : public FaultPlan, public testing::WithParamInterface<Way> {
 protected:
  void SetUp() override {
    FaultPlan::SetUp();
    if (std::string_view(GetParam().what) == "cpuhp_add_instance") {
      (void)cpuhp_setup_state_multi(CPUHP_IOMMU_IOVA_DEAD, "test", nullptr, nullptr);
      plan_no_faults();
    }
  }
};

TEST_P(FallibleCalls, FailsWhenPlannedAndLeavesNothing) {
  Census before = census();
  plan_faults(bits({0, 1}));
  EXPECT_FALSE(GetParam().call());
  EXPECT_FALSE(GetParam().call());
  EXPECT_EQ(failed_attempts(), 2u);
  EXPECT_EQ(census(), before);
  EXPECT_TRUE(GetParam().call());
  EXPECT_EQ(failed_attempts(), 2u);
  EXPECT_NE(census(), before);
}

TEST_P(FallibleCalls, SucceedsWithoutAPlan) {
  EXPECT_TRUE(GetParam().call());
  EXPECT_EQ(failed_attempts(), 0u);
}

TEST_P(FallibleCalls, IsRecorded) {
  for (bool fails : {true, false}) {
    plan_faults(FaultMask(fails));
    EXPECT_EQ(GetParam().call(), !fails);
    ASSERT_EQ(attempts().size(), 1u);
    const Attempt& attempt = attempts()[0];
    EXPECT_EQ(attempt.call, GetParam().kind);
    EXPECT_EQ(attempt.failed, fails);
    EXPECT_EQ(attempt.gfp, GetParam().gfp);
    EXPECT_EQ(attempt.size, GetParam().size);
    EXPECT_STREQ(attempt.cache, GetParam().cache);
    EXPECT_STREQ(attempt.site->function, "operator()");
    EXPECT_STREQ(attempt.site->file, "src/shim/fault_test.cc");
  }
}

INSTANTIATE_TEST_SUITE_P(All, FallibleCalls, testing::ValuesIn(ways),
                         [](const auto& info) { return std::string(info.param.what); });

TEST_F(FaultPlan, SparesWhatMustNotFail) {
  plan_faults(bits({0, 1}));
  EXPECT_NE(kmalloc(8, GFP_KERNEL | __GFP_NOFAIL), nullptr);
  EXPECT_EQ(kmalloc(8, GFP_KERNEL), nullptr);
  EXPECT_EQ(failed_attempts(), 1u);
  EXPECT_EQ(describe_gfp(attempts()[0].gfp), "GFP_KERNEL | __GFP_NOFAIL");
  plan_no_faults();
  shim_failslab.ignore_gfp_wait = false;
  shim_current_task.fail_nth = 1;
  EXPECT_NE(kmalloc(8, GFP_KERNEL | __GFP_NOFAIL), nullptr);
  EXPECT_EQ(kmalloc(8, GFP_KERNEL), nullptr);
}

TEST_F(FaultPlan, FailsTheAttemptsOfItsBitsWhateverTheirKind) {
  plan_faults(bits({1, 3, 4}));
  EXPECT_NE(kmalloc(8, GFP_KERNEL), nullptr);
  EXPECT_EQ(kmem_cache_alloc(cache, GFP_ATOMIC), nullptr);
  EXPECT_NE(__alloc_percpu(8, 8), nullptr);
  EXPECT_EQ(kmem_cache_create("new", 24, 0, 0, nullptr), nullptr);
  EXPECT_EQ(cpuhp_setup_state_multi(CPUHP_IOMMU_IOVA_DEAD, "test", nullptr, nullptr), -ENOMEM);
  EXPECT_NE(kmalloc(8, GFP_ATOMIC), nullptr);
  EXPECT_EQ(attempts().size(), 6u);
  EXPECT_EQ(failed_attempts(), 3u);
}

TEST_F(FaultPlan, IsForgottenByTheNextPlan) {
  plan_faults(bits({0, 1}));
  EXPECT_EQ(kmalloc(8, GFP_KERNEL), nullptr);
  plan_faults(bits({1}));
  EXPECT_TRUE(attempts().empty());
  EXPECT_EQ(failed_attempts(), 0u);
  EXPECT_NE(kmalloc(8, GFP_KERNEL), nullptr);
  EXPECT_EQ(kmalloc(8, GFP_KERNEL), nullptr);
}

TEST_F(FaultPlan, IsForgottenByPlanningNone) {
  plan_faults(bits({0, 1}));
  EXPECT_EQ(kmalloc(8, GFP_KERNEL), nullptr);
  plan_no_faults();
  EXPECT_TRUE(attempts().empty());
  EXPECT_EQ(failed_attempts(), 0u);
  EXPECT_NE(kmalloc(8, GFP_KERNEL), nullptr);
  EXPECT_NE(kmalloc(8, GFP_KERNEL), nullptr);
}

TEST_F(FaultPlan, EndsAtItsLastBit) {
  plan_faults(bits({max_planned_attempts - 1}));
  for (size_t i = 0; i + 1 < max_planned_attempts; i++) ASSERT_NE(kmalloc(8, GFP_KERNEL), nullptr);
  EXPECT_EQ(kmalloc(8, GFP_KERNEL), nullptr);
  for (int i = 0; i < 100; i++) ASSERT_NE(kmalloc(8, GFP_KERNEL), nullptr);
}

TEST_F(FaultPlan, RefusedCallsAreNoAttempts) {
  findings_of([] {
    __alloc_percpu(0, 8);
    kmem_cache_create("new", 0, 0, 0, nullptr);
  });
  EXPECT_TRUE(attempts().empty());
}

void* alloc_iova_mem() { return kmem_cache_zalloc(cache, GFP_ATOMIC | __GFP_NOWARN); }
int init_domain() { return cpuhp_state_add_instance_nocalls(CPUHP_IOMMU_IOVA_DEAD, &node); }

TEST_F(FaultPlan, AttemptIsDescribed) {
  plan_faults(bits({1}));
  alloc_iova_mem();
  init_domain();
  EXPECT_EQ(describe(attempts()[0]),
            "kmem_cache_alloc(test) of 40 bytes, GFP_ATOMIC, in alloc_iova_mem()");
  EXPECT_EQ(describe(attempts()[1]), "cpuhp(instance), GFP_KERNEL, in init_domain()");
}

TEST(Ordinal, CountsFromOneInEnglish) {
  const char* expected[] = {"1st",  "2nd",  "3rd",  "4th",  "5th",  "6th",  "7th",  "8th",
                            "9th",  "10th", "11th", "12th", "13th", "14th", "15th", "16th",
                            "17th", "18th", "19th", "20th", "21st", "22nd", "23rd", "24th"};
  for (size_t i = 0; i < std::size(expected); i++) EXPECT_EQ(ordinal(i), expected[i]);
  EXPECT_EQ(ordinal(110), "111th");
  EXPECT_EQ(ordinal(111), "112th");
  EXPECT_EQ(ordinal(120), "121st");
}

}  // namespace
}  // namespace shim
