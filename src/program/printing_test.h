// SPDX-License-Identifier: GPL-2.0-only
// Prints programs in test failures.
#pragma once

#include <ostream>

#include "program/program.h"

namespace program {

inline void PrintTo(const Program& program, std::ostream* out) { *out << print(program); }

}  // namespace program
