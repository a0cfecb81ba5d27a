// SPDX-License-Identifier: GPL-2.0-only
// Reports: a finding in the terms of the program that met it.
#pragma once

#include <string>
#include <vector>

#include "shim/call_chain.h"
#include "shim/finding.h"

namespace engine {

struct Report {
  std::string key;       // oracle:function:operation:fault site, the finding's identity
  std::string headline;  // without values
  shim::Severity severity;
  std::string blame;     // whose doing: "allocator", "shim" or "harness"
  std::string function;  // kernel function at fault, with its file and line if they are known
  std::vector<shim::CallSite> callers;  // of that, inside the allocator, the innermost first
  std::string operation;   // of the program, with its index and call, or its end: where things went
                           // wrong first, as far as the model and the oracles can tell
  size_t operation_index;  // in the program; the number of its operations for its end
  std::string came_to;     // where it showed if nobody had looked closely; empty if there
  std::vector<std::string> faults;     // injected before the finding, a line each
  std::vector<std::string> gone_past;  // keys of known findings met before
  std::string values;                  // what was found
  std::string program;                 // text, the operation at fault marked
  std::string history;                 // of the object it is about; may be empty
  std::string state;                   // of the domains; may be empty
  std::string call;                    // of the allocator's interface, that the program had made
};

// The whole report as text, as engines' logs have it: key, headline, faults and operation first.
std::string format(const Report& report);
// The same, with the lines of callers, which are looked for only where a report ends a process.
std::string format_at_end(Report report);

// What farms make of a finding from the text of its process: ClusterFuzz's type and state, whether
// it has to do with security; libFuzzer's token. They follow from the key and the severity alone,
// and hang neither on a sanitizer's options nor on a symbolizer.
std::string format_for_farms(const Report& report);

// Told of the report of a finding that ends the process, before it does. The default prints it on
// stderr.
using ReportSink = void (*)(const Report&);
void set_report_sink(ReportSink sink);
void deliver(const Report& report);  // to it

}  // namespace engine
