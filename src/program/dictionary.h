// SPDX-License-Identifier: GPL-2.0-only
// Dictionaries: the operations of a target as tokens for byte mutation.
#pragma once

#include <span>
#include <string>

#include "program/operation.h"

namespace program {

// Each operation plain, and with each operand at each of its interesting values; or the words of
// these, for a target that reads text.
std::string dictionary(const std::string& target, std::span<const OpCode> operations,
                       bool in_words);

}  // namespace program
