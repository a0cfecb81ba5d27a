// SPDX-License-Identifier: GPL-2.0-only
// Dictionaries: a target's operations as tokens for byte mutation.
#pragma once

#include <span>
#include <string>

#include "program/operation.h"

namespace program {

// Tokens for each operation with all operands at their fallback, and with each operand at each
// interesting value. in_words: their words, for a target that reads text.
std::string dictionary(const std::string& target, std::span<const OpCode> operations,
                       bool in_words);

}  // namespace program
