// SPDX-License-Identifier: GPL-2.0-only
// A program as lines of text, with the outcome of each operation.
#pragma once

#include <string>
#include <vector>

#include "program/program.h"
#include "tool/replay/isolate.h"

namespace tool {

struct ShownStep {
  std::string number;  // of the operation; "" for the end
  std::string operation, outcome;
  unsigned cpu = 0, suspended_on = 0;
  bool is_at_fault = false, is_reached = true, is_prefix = false;
  std::vector<std::string> failed = {};  // failed attempts, a line each
};

// The lines for an outcome with recorded steps. note: appended to the finding's key.
std::vector<ShownStep> shown_steps(const program::Program& program, const Outcome& outcome,
                                   const std::string& note);
// Number of columns: one for each CPU if operations may overlap, else 1.
unsigned cpu_columns(const program::Program& program, const Outcome& outcome);

}  // namespace tool
