// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/isolate.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "program/program.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

// A user may stop a command for longer than the timeout, and then continue it.
TEST(Timeout, IsNoneOfTimeInWhichNothingRan) {
  static const iova_variant& fixed = parse_variant("fixed").variant();
  iova_variant variant = fixed;
  variant.alloc = [](void* domain, unsigned long size, unsigned long limit, bool aligned) {
    const pid_t waiting = getppid();
    kill(waiting, SIGSTOP);
    usleep(1'500'000);
    kill(waiting, SIGCONT);
    usleep(20'000);
    return fixed.alloc(domain, size, limit, aligned);
  };
  const Outcome outcome =
      run_isolated(variant, program::parse("cache_get\ninit\nalloc\n"), {.timeout_ms = 1000});
  EXPECT_EQ(outcome.key(), "");
}

// Text may ask for more than bytes can hold, in one operation and in total.
TEST(Isolated, RunsAllCallsOfAText) {
  const program::Program program = program::parse(
      "cache_get\ninit\nalloc x4000\nalloc slot=b x14000\nfree x4000\nfree slot=b x14000\nput\n");
  const Outcome outcome = run_isolated(parse_variant("fixed").variant(), program, {.record = true});
  ASSERT_EQ(outcome.key(), "");
  EXPECT_EQ(outcome.attempts[2], 4000u);
  EXPECT_EQ(outcome.attempts[3], 14000u);
  ASSERT_EQ(outcome.steps.size(), program.operations.size() + 1);  // and the end
  for (const RecordedStep& step : outcome.steps) EXPECT_FALSE(step.skipped) << step.operation;
}

}  // namespace
}  // namespace tool
