// SPDX-License-Identifier: GPL-2.0-only
// Formats values for findings and outcomes.
#pragma once

#include <cstdint>
#include <string>

#include "engine/history.h"

namespace engine {

// "0x10" or "0x10..0x1f"
std::string print_range(uint64_t lo, uint64_t hi);
// "-ENOMEM"; "0" for success.
std::string print_error(int error);
// The kernel's name: "alloc_iova".
const char* print(Function function);

}  // namespace engine
