// SPDX-License-Identifier: GPL-2.0-only
// What honggfuzz is told of a finding.
#pragma once

#include "engine/report.h"

namespace fuzz {

// Prints the report on stderr. honggfuzz throws that away, and tells crashes apart by the stack in
// the file that it has asked sanitizers for, or by that of the process, which is the same for many
// findings. So that file has the report, too, which ClusterFuzz takes from there, and a stack that
// follows from the key, with it as its title.
void tell(const engine::Report& report);

}  // namespace fuzz
