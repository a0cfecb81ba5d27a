// SPDX-License-Identifier: GPL-2.0-only
// Writes a program that shows a finding as one C file on top of src/reproducer: the recorded kernel
// calls with their arguments, without a fuzzing engine.
#pragma once

#include <string>

#include "program/program.h"
#include "tool/replay/isolate.h"
#include "tool/support/failure.h"

namespace tool {

// The C declaration of the variant that the reproducer links with.
std::string variant_declaration(const iova_variant& variant);

// Thrown if the program suspends operations, which C cannot express.
struct NotInC : Failure {
  using Failure::Failure;
};

// The outcome must come from running the program, with steps and calls recorded. Throws NotInC.
std::string c_source(const program::Program& program, const iova_variant& variant,
                     const Outcome& outcome);

}  // namespace tool
