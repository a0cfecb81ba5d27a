// SPDX-License-Identifier: GPL-2.0-only
// Programs by chance, for comparisons of allocators.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "program/program.h"
#include "tool/replay/input.h"

namespace tool {

// Program number i of a seed: some mutations of nothing, or now and then of an input. They insert
// the operations, and what these need.
program::Program random_program(
    uint64_t seed, uint64_t number, const std::vector<Input>& inputs,
    std::span<const program::OpCode> operations = program::all_operations);

}  // namespace tool
