// SPDX-License-Identifier: GPL-2.0-only
// What a target judges that reads text: our own parser, printer and codec, on any bytes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/report.h"

namespace engine {

// All promises between the forms of programs that the input shows to be broken.
std::vector<Report> check_text(std::span<const uint8_t> input);

}  // namespace engine
