// SPDX-License-Identifier: GPL-2.0-only
#include "kunit.h"

#include <algorithm>

#include "fault.h"
#include "object.h"
#include "world_test.h"

// kunit_test.c
extern "C" const kunit_module kunit_module;
extern "C" const char* what_was_called(void);

namespace shim {
namespace {

class Kunit : public WorldTest {
 protected:
  static kunit_suite& suite(size_t i) { return *suites_of(kunit_module).at(i); }
  static const kunit_case& test_case(const std::string& name, size_t skip = 0) {
    const kunit_case* found = suite(0).test_cases;
    while (name != found->name || skip--) found++;
    return *found;
  }
  static KunitResult run(const std::string& name, size_t parameter = 0) {
    KunitResult result;
    run_kunit_case(suite(0), test_case(name), parameter, result);
    return result;
  }
  static bool says(const KunitResult& result, const std::string& line) {
    return std::find(result.log.begin(), result.log.end(), line) != result.log.end();
  }
};

TEST_F(Kunit, SuitesStandBesideEachOther) {
  ASSERT_EQ(suites_of(kunit_module).size(), 3u);
  EXPECT_STREQ(suite(0).name, "first");
  EXPECT_STREQ(suite(2).name, "third");
}

TEST_F(Kunit, WhatHoldsPasses) {
  KunitResult result = run("all_hold");
  EXPECT_EQ(result.status, KUNIT_SUCCESS) << result.why;
  EXPECT_TRUE(result.log.empty());
  EXPECT_STREQ(what_was_called(), "fieS");
  result = run("uses_the_kernel");
  EXPECT_EQ(result.status, KUNIT_SUCCESS) << result.why;
}

TEST_F(Kunit, ExpectationsGoOnAndSayWhatTheyMet) {
  KunitResult result = run("expectations_go_on");
  EXPECT_EQ(result.status, KUNIT_FAILURE);
  EXPECT_STREQ(what_was_called(), "ficeS");
  EXPECT_NE(result.why.find("kunit_test.c:"), std::string::npos);
  EXPECT_NE(result.why.find("Expected big == 16"), std::string::npos) << result.why;
  // The value of a constant is not repeated.
  EXPECT_TRUE(says(result, "    big == 4095 (0xfff)"));
  EXPECT_FALSE(says(result, "    16 == 16 (0x10)"));
  for (const char* line :
       {"    none == NULL", "message 7", "Expected test == NULL", "failed for good", "and again"})
    EXPECT_TRUE(says(result, line)) << line;
}

TEST_F(Kunit, AssertionsEndTheCaseAndNotItsCleanup) {
  KunitResult result = run("assertions_end");
  EXPECT_EQ(result.status, KUNIT_FAILURE);
  EXPECT_TRUE(says(result, "order is 2"));
  EXPECT_STREQ(what_was_called(), "fieS");
}

// The end of the run finds nothing left.
TEST_F(Kunit, WhatACaseOwnsIsGoneAfterIt) {
  KunitResult result = run("owns_until_its_end");
  EXPECT_EQ(result.why.substr(result.why.find(": ") + 2), "what is owned is freed all the same");
  EXPECT_STREQ(what_was_called(), "fi13e2S");
  EXPECT_EQ(live_slab_objects(), 0u);
}

TEST_F(Kunit, SkipsSayWhy) {
  KunitResult result = run("is_skipped");
  EXPECT_EQ(result.status, KUNIT_SKIPPED);
  EXPECT_EQ(result.why, "needs CPU 99");
  EXPECT_TRUE(says(result, "# is_skipped: on 2 CPUs"));
}

TEST_F(Kunit, ParametersComeFromEitherKindOfGenerator) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(kunit_parameters(test_case("is_even")), (Names{"two", "three", "four"}));
  EXPECT_EQ(kunit_parameters(test_case("is_even", 1)), (Names{"wo", "hree", "our"}));
  EXPECT_EQ(kunit_parameters(test_case("is_run")), (Names{"param-0", "param-1"}));
  EXPECT_EQ(kunit_parameters(test_case("all_hold")), Names{""});
  EXPECT_EQ(run("is_even", 0).status, KUNIT_SUCCESS);
  EXPECT_EQ(run("is_even", 1).status, KUNIT_FAILURE);
  EXPECT_EQ(run("is_even", 2).status, KUNIT_SUCCESS);
  EXPECT_EQ(run("is_run", 1).status, KUNIT_SUCCESS);
}

TEST_F(Kunit, FailedInitsFailTheCase) {
  KunitResult result;
  run_kunit_case(suite(1), suite(1).test_cases[0], 0, result);
  EXPECT_EQ(result.status, KUNIT_FAILURE);
  EXPECT_EQ(result.why, "init() returned -12");
  run_kunit_case(suite(2), suite(2).test_cases[0], 0, result);
  EXPECT_EQ(result.why, "suite_init() returned -2");
}

// A fault range may spare the suite's own allocations.
TEST_F(Kunit, RangesOfFaultsSpareFiles) {
  plan_fault_range(0, SIZE_MAX, "");
  EXPECT_EQ(run("owns_until_its_end").status, KUNIT_FAILURE);
  EXPECT_GT(failed_attempts(), 0u);
  EXPECT_EQ(failed_attempts(), attempts().size());
  plan_fault_range(0, SIZE_MAX, "src/shim/kunit_test");
  run("all_hold");
  EXPECT_EQ(failed_attempts(), 0u);
  EXPECT_GT(attempts().size(), 1u);
  plan_fault_range(1, 1, "");
  run("all_hold");
  EXPECT_EQ(failed_attempts(), 1u);
  EXPECT_TRUE(attempts()[1].failed);
}

}  // namespace
}  // namespace shim
