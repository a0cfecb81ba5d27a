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
}

InterruptGuard::~InterruptGuard() {
  sigaction(SIGINT, &old_int_, nullptr);
  sigaction(SIGTERM, &old_term_, nullptr);
}

bool interrupted() { return met; }

}  // namespace tool
