// SPDX-License-Identifier: GPL-2.0-only
#include "fault.h"
#include "test_world.h"

// headers_test.c
extern "C" const char* wrong_in_headers(void);

namespace shim {
namespace {

using KernelHeaders = WorldTest;

TEST_F(KernelHeaders, MeanWhatTheyMeanInTheKernel) { EXPECT_STREQ(wrong_in_headers(), nullptr); }

TEST_F(KernelHeaders, AllocationHelpersPassTheFaultPlanLikeAnyOther) {
  plan_no_faults();
  EXPECT_STREQ(wrong_in_headers(), nullptr);
  auto made = attempts();
  ASSERT_EQ(made.size(), 3u);
  EXPECT_EQ(made[0].call, FallibleCall::kmalloc);
  EXPECT_EQ(made[0].gfp & ~gfp_t{__GFP_ZERO}, gfp_t{GFP_KERNEL});
  EXPECT_EQ(made[0].size % 3, 0u);
  EXPECT_EQ(made[1].gfp, gfp_t{GFP_ATOMIC});
  EXPECT_EQ(made[2].call, FallibleCall::percpu_alloc);
}

}  // namespace
}  // namespace shim
