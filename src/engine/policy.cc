// SPDX-License-Identifier: GPL-2.0-only
#include "engine/policy.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/oracles.h"
#include "shim/context.h"

namespace engine {

void Policy::begin(const Options& options, bool is_strict, bool is_close) {
  known_ = options.known;
  past_differences_ = !is_strict && !options.tell_differences;
  past_all_ = options.past_all;
  may_look_closer_ = !is_close && !past_all_;
}

Fate Policy::fate_of(const shim::Finding& finding, const std::string& key) const {
  bool is_known = past_all_ || (past_differences_ && is_difference(key)) ||
                  std::any_of(known_.begin(), known_.end(), [&](const std::string& known) {
                    return known == key || known == finding.oracle->id;
                  });
  if (is_known && finding.oracle->recoverable) return Fate::go_past;
  if (is_known && !past_all_ && !finding.dying && !shim::in_started_context()) return Fate::end_run;
  // Not out of a context that somebody else started.
  if (!may_look_closer_ || shim::in_started_context()) return Fate::report;
  return finding.dying ? Fate::report_closely : Fate::look_closer;
}

std::string key_of(const shim::Finding& finding, const Position& position,
                   const std::vector<InjectedFault>& injected) {
  const char* site = "none";
  for (const InjectedFault& fault : injected)
    if (fault.operation == position.current && fault.attempt >= position.first_attempt())
      site = fault.what.site->function;
  return fmt::format("{}:{}:{}:{}", finding.oracle->id, finding.function, position.operation_name(),
                     site);
}

}  // namespace engine
