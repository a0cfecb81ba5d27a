// SPDX-License-Identifier: GPL-2.0-only
// What becomes of a finding: it is known and gone past, it calls for a closer look, or it is
// reported and ends the process.
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
  go_past,         // it is known, and the world stays sane
  give_up,         // it is known, and the run ends with it
  look_closer,     // the run is repeated with a look at everything after each call, which tells
                   // where things went wrong first
  report_closely,  // the process dies of the call at hand: a repeated run must stop before it
  report,
  end_quietly,  // the process dies of another finding than the one that it is to die of
};

class Policy {
 public:
  // Of a run on a variant that is strict or not, which is a closer look already or not.
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

// oracle:function:operation:fault site, "any" where it is no matter which shows it. Of a counted
// operation, only the faults of the call at hand count.
std::string key_of(const shim::Finding& finding, const Position& position,
                   const std::vector<InjectedFault>& injected);

}  // namespace engine
