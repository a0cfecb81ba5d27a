// SPDX-License-Identifier: GPL-2.0-only
// Makes a program smaller while it shows the same finding. Works on operations, counts, faults and
// operands, never on bytes. Deterministic.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "iova/variant.h"
#include "program/program.h"
#include "tool/replay/isolate.h"

namespace tool {

struct Minimized {
  program::Program program;
  std::string key;          // as given; the fault site becomes "none" if no fault is needed
  Outcome outcome;          // of the program
  bool is_minimal = false;  // no operation can be left out, and no count or operand made smaller
  uint64_t executions = 0;
  // The required faults, a sentence each, and the required operands, in one line.
  std::vector<std::string> needed;
  std::string operands;
  // Candidates that showed other findings, by key.
  std::map<std::string, program::Program> also;
};

struct MinimizeOptions {
  const iova_variant* expected = nullptr;  // as in IsolateOptions
  std::vector<std::string> known = {};     // keys of known findings
  bool tell_differences = false;           // as in engine::Options
  unsigned times = 2;                      // runs that must all show the key for a step to be taken
  uint64_t max_executions = UINT64_MAX;
  int timeout_ms = 25'000;  // for one run
  // Called with every smaller program.
  std::function<void(const program::Program&)> on_step = [](const program::Program&) {};
};

// The program must show the key, else is_minimal is false and nothing is changed.
Minimized minimize(const iova_variant& variant, const program::Program& program,
                   const std::string& key, const MinimizeOptions& options = {});

}  // namespace tool
