// SPDX-License-Identifier: GPL-2.0-only
#include "engine/report.h"

#include <fmt/core.h>

#include <cstdio>

namespace engine {
namespace {

ReportSink report_sink = [](const Report& report) {
  fmt::print(stderr, "{}", format(report));
  fflush(stderr);
};

}  // namespace

void set_report_sink(ReportSink sink) { report_sink = sink; }
void deliver(const Report& report) { report_sink(report); }

std::string format(const Report& report) {
  std::string text =
      fmt::format("\n==iovafuzz== key: {}\nbroken rule: {}\n", report.key, report.headline);
  if (report.faults.empty()) text += "faults injected: none\n";
  for (const std::string& fault : report.faults) text += "fault injected: " + fault + "\n";
  text += fmt::format("operation: {}\nin: {}\n", report.operation, report.function);
  if (report.blame != "allocator") text += fmt::format("blame: {}\n", report.blame);
  if (!report.came_to.empty()) text += fmt::format("came to: {}\n", report.came_to);
  // For libFuzzer and ClusterFuzz, which take what has the same key for the same, and nothing else.
  text += fmt::format("DEDUP_TOKEN: {}\npanic: FuzzerHash={}\n", report.key, report.key);
  for (const std::string& key : report.gone_past) text += "gone past: " + key + "\n";
  if (!report.values.empty()) text += "found: " + report.values + "\n";
  if (!report.history.empty()) text += "object: " + report.history + "\n";
  text += "program:\n" + report.program;
  if (!report.state.empty()) text += "state:\n" + report.state;
  return text + "==iovafuzz== end of report\n";
}

}  // namespace engine
