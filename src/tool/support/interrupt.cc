// SPDX-License-Identifier: GPL-2.0-only
#include "tool/support/interrupt.h"

namespace tool {
namespace {

volatile sig_atomic_t met;

}  // namespace

InterruptGuard::InterruptGuard() {
  met = 0;
  struct sigaction action {};
  action.sa_handler = [](int) { met = 1; };
  sigaction(SIGINT, &action, &old_int_);
  sigaction(SIGTERM, &action, &old_term_);
  sigaction(SIGPIPE, &action, &old_pipe_);
  sigaction(SIGHUP, nullptr, &old_hup_);
  if (old_hup_.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
}

InterruptGuard::~InterruptGuard() {
  sigaction(SIGINT, &old_int_, nullptr);
  sigaction(SIGTERM, &old_term_, nullptr);
  sigaction(SIGPIPE, &old_pipe_, nullptr);
  sigaction(SIGHUP, &old_hup_, nullptr);
}

bool interrupted() { return met; }

}  // namespace tool
