// SPDX-License-Identifier: GPL-2.0-only
#include "engine/text.h"

#include <fmt/core.h>

#include "program/forms.h"

namespace engine {

std::vector<Report> check_text(std::span<const uint8_t> input) {
  std::vector<Report> reports;
  for (const program::Violation& violation : program::check_forms(input)) {
    Report report;
    report.key =
        fmt::format("{}:{}:{}:none", violation.oracle->id, violation.function, violation.operation);
    report.headline = shim::headline(*violation.oracle);
    report.severity = violation.oracle->severity;
    report.blame = shim::name(shim::Blame::harness);
    report.function = report.call = violation.function;
    report.operation = violation.operation;
    report.values = violation.values;
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace engine
