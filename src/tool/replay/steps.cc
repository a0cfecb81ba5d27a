// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/steps.h"

#include <fmt/core.h>

#include <algorithm>

namespace tool {

std::vector<ShownStep> shown_steps(const program::Program& program, const Outcome& outcome,
                                   const std::string& note) {
  const auto& operations = program.operations;
  std::vector<ShownStep> steps;
  auto add = [&](size_t operation) -> ShownStep& {
    const bool at_end = operation >= operations.size();
    steps.push_back({.number = at_end ? "" : fmt::format("{}", operation),
                     .operation = at_end ? "(end)" : print(operations[operation]),
                     .outcome = ""});
    steps.back().is_prefix = !at_end && program::is_prefix(operations[operation].code);
    return steps.back();
  };
  for (const RecordedStep& step : outcome.steps) {
    ShownStep& shown = add(step.operation);
    shown.cpu = step.cpu;
    shown.suspended_on = step.suspended_on;
    shown.outcome = (step.skipped ? "skipped: " : "") + step.outcome;
    for (const std::string& failed : step.failed_attempts)
      shown.failed.push_back(fmt::format("failed: the {} (of {} attempts)", failed, step.attempts));
  }
  if (outcome.kind == Outcome::clean) return steps;
  // The operation that the run ended in, and the operations that it did not reach.
  const std::string fault = "<- " + outcome.key() + note;
  for (size_t i = outcome.steps.size(); i < operations.size(); i++) {
    ShownStep& shown = add(i);
    shown.is_at_fault = i == outcome.steps.size();
    shown.is_reached = shown.is_at_fault;
    shown.outcome = shown.is_at_fault ? fault : "not reached";
  }
  // All operations ran: the finding is in a suspended operation that continued at the end.
  if (outcome.steps.size() >= operations.size()) {
    ShownStep& shown = add(operations.size());
    shown.is_at_fault = true;
    shown.outcome = fault;
  }
  return steps;
}

unsigned cpu_columns(const program::Program& program, const Outcome& outcome) {
  unsigned columns = 1;
  if (program::has_pauses(program))
    for (const RecordedStep& step : outcome.steps) columns = std::max(columns, step.cpu + 1);
  return columns;
}

}  // namespace tool
