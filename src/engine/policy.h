// SPDX-License-Identifier: GPL-2.0-only
// Decides what happens to a finding: continue past it, look closer, or report it and end the
// process.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/position.h"
#include "shim/finding.h"

namespace engine {

// An injected fault, for keys and reports.
struct InjectedFault {
  size_t operation, attempt;
  shim::Attempt what;
};

enum class Fate {
  go_past,         // known; the world stays consistent, so the run continues
  give_up,         // known; the run ends
  look_closer,     // repeat the run with a full look after each call, to find the first wrong
                   // operation
  report_closely,  // the process dies of the current call: a repeated run must stop before it
  report,
  end_quietly,  // the process dies, but not of the finding in Options::only
};

class Policy {
 public:
  // Begins a run. is_strict: of the variant; is_close: this run is already the closer look.
  void begin(const Options& options, bool is_strict, bool is_close);
  void end() { may_look_closer_ = false; }

  Fate fate_of(const shim::Finding& finding, const std::string& key) const;
  bool is_known(const shim::Finding& finding, const std::string& key) const;

 private:
  std::span<const std::string> known_;
  std::string only_;
  bool (*keep_)(const std::string& key) = nullptr;
  bool past_differences_ = false, past_all_ = false;
  bool may_look_closer_ = false;
};

// oracle:function:operation:fault site. Function and operation are "any" for a persistent mismatch
// of book-keeping. In a counted operation, only faults of the current call count.
std::string key_of(const shim::Finding& finding, const Position& position,
                   const std::vector<InjectedFault>& injected);

}  // namespace engine
