// SPDX-License-Identifier: GPL-2.0-only
// Commands that are waited for.
#include "tool/support/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool/support/interrupt.h"

namespace tool {
namespace {

TEST(RunCommand, IsEndedWhereThisProcessAloneIsInterrupted) {
  for (const bool show : {false, true}) {
    const InterruptGuard guard;
    const pid_t interrupter = fork_child();
    if (!interrupter)
      while (true) {
        usleep(50'000);
        kill(getppid(), SIGTERM);
      }
    EXPECT_EQ(run_command({"sleep", "60"}, show).status, 128 + SIGTERM);
    EXPECT_TRUE(interrupted());
    kill(interrupter, SIGKILL);
    waitpid(interrupter, nullptr, 0);
  }
}

}  // namespace
}  // namespace tool
