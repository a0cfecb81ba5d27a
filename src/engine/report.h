// SPDX-License-Identifier: GPL-2.0-only
// Reports: describe a finding by the program that met it.
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
  std::string blame;     // who is at fault: "allocator", "shim" or "harness"
  std::string function;  // kernel function at fault, with its file and line if they are known
  std::vector<shim::CallSite> callers;  // of that function, in the allocator, innermost first
  std::string operation;   // operation, index and call (or the end of the program) that first went
                           // wrong, as far as model and oracles can tell
  size_t operation_index;  // index in the program; the number of operations for the end
  std::string came_to;     // where the finding first showed; empty if at `operation`
  std::vector<std::string> faults;     // injected before the finding, a line each
  std::vector<std::string> gone_past;  // keys of known findings met earlier in the run
  std::string values;                  // details of the finding
  std::string program;                 // as text, the faulty operation marked
  std::string history;                 // of the object that the finding is about; may be empty
  std::string state;                   // of the domains; may be empty
  std::string call;                    // the program's call into the allocator's interface
};

// Formats the whole report as engines log it: key, headline, faults and operation first.
std::string format(const Report& report);
// Same as format(), and adds source lines of callers. Resolving them is slow, so this runs only for
// a report that ends the process.
std::string format_at_end(Report report);

// Lines from which crash farms classify a finding: ClusterFuzz's crash type, state and security
// flag, and libFuzzer's token. They depend on key and severity alone, not on sanitizer options or a
// symbolizer.
std::string format_for_farms(const Report& report);

// Receives the report of each finding that ends the process, before it ends. The default prints it
// on stderr.
using ReportSink = void (*)(const Report&);
void set_report_sink(ReportSink sink);
void deliver(const Report& report);  // to the sink

}  // namespace engine
