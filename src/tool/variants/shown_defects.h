// SPDX-License-Identifier: GPL-2.0-only
// For each planted defect, a program that shows it and finds nothing without it.
#pragma once

#include <span>

#include "program/program.h"

namespace tool {

struct ShownDefect {
  const char* defect;
  const char* oracle;
  const char* program;                // a seed, or text
  const char* without_asan = oracle;  // oracle in builds without ASan
};

// In the order of iova/defects.inc.
std::span<const ShownDefect> shown_defects();

program::Program program_of(const ShownDefect& shown);

}  // namespace tool
