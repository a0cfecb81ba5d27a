// SPDX-License-Identifier: GPL-2.0-only
// What a fuzz target is: a purpose, and the operations that serve it. All targets decode bytes to
// the same programs, so that an input means the same everywhere.
#pragma once

#include <span>

#include "program/operation.h"

namespace fuzz {

struct Target {
  const char* name;
  const char* purpose;
  std::span<const program::OpCode> operations;  // that its seeds, dictionary and mutation use
  size_t max_len;                               // bytes of an input
};

}  // namespace fuzz
