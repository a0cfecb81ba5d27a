// SPDX-License-Identifier: GPL-2.0-only
// What shows the planted defects: for each a program that finds nothing without it.
#pragma once

#include <span>

#include "program/program.h"

namespace tool {

struct ShownDefect {
  const char* defect;
  const char* oracle;
  const char* program;                // a seed, or text
  const char* without_asan = oracle;  // which tells of the access, where else its effect shows
};

// In the order of iova/defects.inc.
std::span<const ShownDefect> shown_defects();

program::Program program_of(const ShownDefect& shown);

}  // namespace tool
