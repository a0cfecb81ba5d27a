// SPDX-License-Identifier: GPL-2.0-only
// What operations do: a function each, by the identifier of its row in program/operations.inc. They
// make calls, say what was answered, and know nothing of right and wrong.
#pragma once

#include "engine/run.h"
#include "program/program.h"

namespace engine::operations {

#define OPERATION(identifier, ...) void identifier(Run& run, const Operation& operation);
#include "program/operations.inc"
#undef OPERATION

using Execute = void (*)(Run& run, const Operation& operation);
Execute function_of(OpCode code);

// What the end of a run does as well.
void destroy(Run& run, Domain& domain);
// Runs the works and timers that come due.
void advance_time(Run& run, uint64_t ms);

// The newest or oldest range of a slot that is wanted, or NULL.
Range* pick(Slot& slot, bool oldest, bool (*wanted)(const Range&));
inline Slot& slot_of(Domain& domain, const Operation& operation) {
  return domain.slots[value(operation, Role::slot).number];
}

}  // namespace engine::operations
