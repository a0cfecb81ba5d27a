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

}  // namespace
}  // namespace tool
