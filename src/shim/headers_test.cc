// SPDX-License-Identifier: GPL-2.0-only
#include "fault.h"
#include "include/linux/refcount.h"
#include "list.h"
#include "world_test.h"

// headers_of_iova_test.c and headers_test.c
extern "C" bool headers_of_iova_suffice(void);
extern "C" const char* wrong_in_headers(void);
extern "C" const char* wrong_in_library(void);

namespace shim {
namespace {

using KernelHeaders = WorldTest;

TEST_F(KernelHeaders, MeanWhatTheyMeanInTheKernel) { EXPECT_STREQ(wrong_in_headers(), nullptr); }

TEST_F(KernelHeaders, BringOthersAsInTheKernel) { EXPECT_TRUE(headers_of_iova_suffice()); }

TEST_F(KernelHeaders, LibrariesMeanWhatTheyMeanInTheKernel) {
  EXPECT_STREQ(wrong_in_library(), nullptr);
}

TEST_F(KernelHeaders, ListsKeepTheirLinks) {
  LIST_HEAD(list);
  list_head one, two;
  list_add(&one, &list);
  const Ids warned = {"kernel-warn"};
  EXPECT_EQ(oracles_of([&] { list_add(&one, &list); }), warned);
  EXPECT_EQ(oracles_of([&] { list_add_tail(&one, &list); }), warned);
  EXPECT_EQ(list.next, &one);
  EXPECT_EQ(list.prev, &one);
  list_add(&two, &list);
  list_del(&one);
  EXPECT_EQ(oracles_of([&] { list_del(&one); }), warned);
  EXPECT_EQ(list.next, &two);
  two.next = &one;  // as by a stray write
  EXPECT_EQ(oracles_of([&] { list_del(&two); }), warned);
}

TEST_F(KernelHeaders, ReferencesAreNeitherTakenNorDroppedAfterTheLast) {
  refcount_t references = REFCOUNT_INIT(1);
  EXPECT_TRUE(refcount_dec_and_test(&references));
  const Ids warned = {"kernel-warn"};
  EXPECT_EQ(oracles_of([&] { refcount_inc(&references); }), warned);
  EXPECT_EQ(oracles_of([&] { refcount_dec(&references); }), warned);  // the last is not for that
  EXPECT_EQ(oracles_of([&] { (void)refcount_dec_and_test(&references); }), warned);
}

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
