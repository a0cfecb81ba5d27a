// SPDX-License-Identifier: GPL-2.0-only
// A program line by line, with what each operation came to: for people.
#pragma once

#include <string>
#include <vector>

#include "program/program.h"
#include "tool/replay/isolate.h"

namespace tool {

struct ShownStep {
  std::string number;  // of the operation; "" at the end
  std::string operation, outcome;
  unsigned cpu = 0, suspended_on = 0;
  bool is_at_fault = false, is_reached = true, is_prefix = false;
  std::vector<std::string> failed = {};  // attempts, a line each
};

// Of an outcome with its steps. note: of the finding's key.
std::vector<ShownStep> shown_steps(const program::Program& program, const Outcome& outcome,
                                   const std::string& note);
// Where operations may overlap, a column for each CPU; else one.
unsigned cpu_columns(const program::Program& program, const Outcome& outcome);

}  // namespace tool
