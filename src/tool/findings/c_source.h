// SPDX-License-Identifier: GPL-2.0-only
// A program that shows a finding as one C file over src/reproducer: kernel calls with their
// arguments, no engine.
#pragma once

#include <string>

#include "program/program.h"
#include "tool/replay/isolate.h"
#include "tool/support/failure.h"

namespace tool {

// What the C file names as the variant: a declaration.
std::string variant_declaration(const iova_variant& variant);

// What a C file cannot say: operations that overlap with a flush that lasts.
struct NotInC : Failure {
  using Failure::Failure;
};

// outcome is of the program, with its steps and calls. Throws NotInC.
std::string c_source(const program::Program& program, const iova_variant& variant,
                     const Outcome& outcome);

}  // namespace tool
