// SPDX-License-Identifier: GPL-2.0-only
// Prefixes: operations that only prepare the next one.
#include "engine/operations/operations.h"

namespace engine::operations {

void fail(Run& run, const Operation& operation) {
  run.fail_attempts(value(operation, Role::mask));
  run.outcome("armed");
}

void irq(Run& run, const Operation&) { run.be_in_interrupt(); }
void slow(Run& run, const Operation&) { run.be_slow(); }
void pause(Run& run, const Operation& operation) {
  run.be_paused(value(operation, Role::point).number, value(operation, Role::strand).number);
}
void edge(Run& run, const Operation&) { run.be_edge(); }

}  // namespace engine::operations
