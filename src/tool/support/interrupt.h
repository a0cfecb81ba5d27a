// SPDX-License-Identifier: GPL-2.0-only
// Ctrl-C as a flag that long work polls, so that it can end in order.
#pragma once

#include <signal.h>

namespace tool {

// While a guard exists, SIGINT, SIGTERM, SIGHUP (a closed terminal) and SIGPIPE (nobody reads the
// output) only make interrupted() true. An ignored SIGHUP stays ignored, for nohup.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  struct sigaction old_int_, old_term_, old_hup_, old_pipe_;
};

bool interrupted();

}  // namespace tool
