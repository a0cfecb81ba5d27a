// SPDX-License-Identifier: GPL-2.0-only
#include "sanitizer.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#include "finding.h"
#include "testing/literally.h"
#include "world.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BUILT_WITH_SANITIZERS 1
#endif
#endif

// Reports take these functions for the allocator's: functions of the port, except its helpers.
namespace port::test {
namespace helper {
__attribute__((noinline)) int read(volatile int* memory) { return *memory; }
}  // namespace helper

// "+ 1" prevents a tail call, which would leave no frame.
__attribute__((noinline)) int find_iova(volatile int* memory) { return helper::read(memory) + 1; }
__attribute__((noinline)) int iova_shift(int value, int by) { return value << by; }
}  // namespace port::test

namespace shim {
namespace {

__attribute__((noinline)) int read_in_the_shim(volatile int* memory) { return *memory + 1; }

class SanitizerReport : public testing::Test {
 protected:
  void SetUp() override {
    reset_world(1);
    set_finding_handler(nullptr);
    catch_sanitizer_reports();
  }
};

#if defined(BUILT_WITH_SANITIZERS)

TEST_F(SanitizerReport, OfAddressSanitizerNamesKindAndAllocatorFunction) {
  EXPECT_DEATH(
      {
        auto* memory = static_cast<int*>(malloc(sizeof(int)));
        free(memory);
        exit(port::test::find_iova(memory));
      },
      literally("asan-heap-use-after-free: AddressSanitizer report\n  in find_iova ("));
}

TEST_F(SanitizerReport, OfANullPointerIsASegv) {
  EXPECT_DEATH(exit(port::test::find_iova(nullptr)), "wild-access: .*\n  in find_iova ");
}

TEST_F(SanitizerReport, OfUndefinedBehaviorNamesKindAndAllocatorFunction) {
  EXPECT_DEATH(exit(port::test::iova_shift(1, 64)),
               literally("ubsan-invalid-shift-exponent: UndefinedBehaviorSanitizer report\n"
                         "  in iova_shift ("));
}

#else

TEST_F(SanitizerReport, IsTheSignalWithoutSanitizers) {
  EXPECT_EXIT(exit(port::test::find_iova(nullptr)), testing::KilledBySignal(SIGSEGV),
              "wild-access: .*\n  in find_iova\n");
  EXPECT_EXIT(std::raise(SIGFPE), testing::KilledBySignal(SIGFPE),
              literally("signal-fpe: deadly signal\n"));
}

#endif

TEST_F(SanitizerReport, BlamesTheInnermostOfTheProjectWhereTheAllocatorIsNotOnTheStack) {
  set_finding_handler([](const Finding& finding) {
    fmt::print(stderr, "{} by the {}\n", finding.function, name(finding.blame));
    return false;
  });
  EXPECT_DEATH(exit(read_in_the_shim(nullptr)), literally("read_in_the_shim by the shim\n"));
  EXPECT_DEATH(exit(port::test::find_iova(nullptr)), literally("find_iova by the allocator\n"));
}

}  // namespace
}  // namespace shim
