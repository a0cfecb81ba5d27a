// SPDX-License-Identifier: GPL-2.0-only
#include "engine/report.h"

#include <fmt/core.h>

#include <unistd.h>

#include <cstdio>
#include <sstream>

#include "engine/trace.h"
#include "program/operation.h"

namespace engine {
namespace {

ReportSink report_sink = [](const Report& report) {
  fmt::print(stderr, "{}", format_at_end(report));
  fflush(stderr);
};

// ClusterFuzz cuts state lines at 80 characters, and ignores digits when it compares them.
std::string fitting(const std::string& key) {
  constexpr size_t most = 58, letters = 8;
  if (key.size() <= most) return key;
  std::string text = key.substr(0, most - letters - 1) + "~";
  uint64_t hash = hash_of_text(key.c_str());
  for (size_t i = 0; i < letters; i++, hash /= 26) text += static_cast<char>('a' + hash % 26);
  return text;
}

// The function that an operation of that name calls. Other words of keys stay as they are.
std::string call_of(const std::string& operation) {
  for (program::OpCode code : program::all_operations)
    if (const program::OperationSpec& spec = program::spec(code);
        operation == spec.name && *spec.function)
      return spec.function;
  return operation;
}

}  // namespace

void set_report_sink(ReportSink sink) { report_sink = sink; }
void deliver(const Report& report) { report_sink(report); }

// ClusterFuzz takes the first line of a state from the line of an assertion or check, and compares
// it verbatim because of "FuzzerHash". Two more lines come from stack frames. States that differ in
// any line count as two bugs, so the frames follow from the key, too. These lines come first: a
// sanitizer's later output changes neither the type of a failed check nor that of a kernel bug.
// Frames 0 and 1 must not name a fuzzer, and bare names may not begin with "free".
std::string format_for_farms(const Report& report) {
  const std::string hash = "FuzzerHash=" + fitting(report.key);
  std::istringstream fields(report.key);
  std::string oracle, function, operation, text;
  std::getline(fields, oracle, ':');
  std::getline(fields, function, ':');
  std::getline(fields, operation, ':');
  if (report.severity == shim::Severity::memory_safety)
    text = fmt::format("panic: {}\nkernel BUG at {}\n", hash, oracle);
  else
    text = fmt::format("[iovafuzz:iova.c(0)] Check failed: {}\n", hash);
  text +=
      fmt::format("    #2 0x0 in iova::{}\n    #3 0x0 in iova::{}\n", function, call_of(operation));
  // A parent that forks runs forwards only lines with "ERROR:".
  return text + fmt::format("=={}== ERROR: iovafuzz: {}\nDEDUP_TOKEN: {}\n", getpid(), report.key,
                            report.key);
}

std::string format(const Report& report) {
  std::string text =
      fmt::format("\n==iovafuzz== key: {}\nbroken rule: {}\n", report.key, report.headline);
  if (report.faults.empty()) text += "faults injected: none\n";
  for (const std::string& fault : report.faults) text += "fault injected: " + fault + "\n";
  text += fmt::format("operation: {}\nin: {}\n", report.operation, report.function);
  for (const shim::CallSite& caller : report.callers)
    text += fmt::format(" <- {}{}\n", caller.function,
                        caller.where.empty() ? "" : fmt::format(" ({})", caller.where));
  if (report.blame != "allocator") text += fmt::format("blame: {}\n", report.blame);
  if (!report.came_to.empty()) text += fmt::format("first noticed as: {}\n", report.came_to);
  text += format_for_farms(report);
  for (const std::string& key : report.gone_past) text += "ignored: " + key + "\n";
  if (!report.values.empty()) text += "found: " + report.values + "\n";
  if (!report.history.empty()) text += "object: " + report.history + "\n";
  text += "program:\n" + report.program;
  if (!report.state.empty()) text += "state:\n" + report.state;
  return text + "==iovafuzz== end of report\n";
}

std::string format_at_end(Report report) {
  for (shim::CallSite& caller : report.callers)
    if (caller.where.empty()) caller.where = shim::line_of(caller.instruction);
  return format(report);
}

}  // namespace engine
