// SPDX-License-Identifier: GPL-2.0-only
// The implementation of operations: one function for each row of program/operations.inc. They make
// calls and record answers, and judge nothing.
#pragma once

#include "engine/run.h"
#include "program/program.h"

namespace engine::operations {

#define OPERATION(identifier, ...) void identifier(Run& run, const Operation& operation);
#include "program/operations.inc"
#undef OPERATION

using Execute = void (*)(Run& run, const Operation& operation);
Execute function_of(OpCode code);

// Also used by the end of a run.
void destroy(Run& run, Domain& domain);
// Runs the works and timers that come due.
void advance_time(Run& run, uint64_t ms);

// The newest or oldest range of a slot that satisfies `wanted`, or NULL.
Range* pick(Slot& slot, bool oldest, bool (*wanted)(const Range&));
inline Slot& slot_of(Domain& domain, const Operation& operation) {
  return domain.slots[value(operation, Role::slot).number];
}

}  // namespace engine::operations
