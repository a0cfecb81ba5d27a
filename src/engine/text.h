// SPDX-License-Identifier: GPL-2.0-only
// The judge of the target program_text: checks our own parser, printer and codec on any bytes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/report.h"

namespace engine {

// Reports every promise between the forms of a program that the input breaks.
std::vector<Report> check_text(std::span<const uint8_t> input);

}  // namespace engine
