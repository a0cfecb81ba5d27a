// SPDX-License-Identifier: GPL-2.0-only
// Random programs, to compare allocators.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "program/program.h"
#include "tool/replay/input.h"

namespace tool {

// The program with that number for a seed: mutations of the empty program or, now and then, of an
// input. Mutations insert the given operations and operations that these need.
program::Program random_program(
    uint64_t seed, uint64_t number, const std::vector<Input>& inputs,
    std::span<const program::OpCode> operations = program::all_operations);

}  // namespace tool
