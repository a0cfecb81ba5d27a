// SPDX-License-Identifier: GPL-2.0-only
// Reports the cost of operations to engines as guidance.
#pragma once

#include <cstdint>
#include <vector>

#include "program/program.h"

namespace fuzz {

// Linked only into targets with SEEKS_COST. costs: per operation, see engine::Result.
__attribute__((weak)) void note_costs(const program::Program& program,
                                      const std::vector<uint64_t>& costs);

}  // namespace fuzz
