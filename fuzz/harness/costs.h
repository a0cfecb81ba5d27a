// SPDX-License-Identifier: GPL-2.0-only
// What operations cost, as guidance for engines.
#pragma once

#include <cstdint>
#include <vector>

#include "program/program.h"

namespace fuzz {

// In targets with SEEKS_COST only. costs: of each operation, as in engine::Result.
__attribute__((weak)) void note_costs(const program::Program& program,
                                      const std::vector<uint64_t>& costs);

}  // namespace fuzz
