// SPDX-License-Identifier: GPL-2.0-only
#include "tool/machine/machine.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "tool/support/files.h"
#include "tool/support/interrupt.h"

namespace tool {
namespace {

// timeout runs its command in a process group of its own, which a terminal's Ctrl-C does not reach.
TEST(Boot, EndsWithAnInterrupt) {
  {
    const InterruptGuard guard;
    Boot boot("echo booted; exec timeout 600 sleep 600");
    raise(SIGINT);
    EXPECT_TRUE(interrupted());
    const std::string console = boot.end();
    EXPECT_TRUE(console.empty() || console == "booted\n") << console;
  }
  const InterruptGuard forgets_it;
}

TEST(Boot, EndsWithWhoAskedForIt) {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "process";
  std::string process;
  {
    const Boot boot("echo $$ > " + file.string() + "; exec sleep 600");
    while (!process.ends_with('\n')) {
      usleep(1000);
      if (std::filesystem::exists(file)) process = read_file(file);
    }
    EXPECT_EQ(kill(std::stoi(process), 0), 0);
  }
  EXPECT_NE(kill(std::stoi(process), 0), 0);
}

TEST(Boot, TellsAllThatWasPrinted) {
  const std::string console = Boot("seq 20000").end();
  EXPECT_EQ(console.size(), 108894u);
  EXPECT_TRUE(console.ends_with("\n20000\n"));
}

}  // namespace
}  // namespace tool
