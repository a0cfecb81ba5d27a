// SPDX-License-Identifier: GPL-2.0-only
// Reports findings to honggfuzz.
#pragma once

#include "engine/report.h"

namespace fuzz {

// Prints the report on stderr. honggfuzz discards stderr and deduplicates by the stack in the
// sanitizer's log file, or by the process' stack, which is the same for many findings. So the
// report also goes to the log file, where ClusterFuzz reads it, below a stack that is derived from
// the key.
void tell(const engine::Report& report);

}  // namespace fuzz
