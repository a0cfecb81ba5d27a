// SPDX-License-Identifier: GPL-2.0-only
#include "engine/policy.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/oracles.h"
#include "shim/context.h"

namespace engine {

void Policy::begin(const Options& options, bool is_strict, bool is_close) {
  known_ = options.known;
  only_ = options.only;
  keep_ = options.keep;
  past_differences_ = !is_strict && !options.tell_differences;
  past_all_ = options.past_all;
  may_look_closer_ = !is_close && !past_all_;
}

bool Policy::is_known(const shim::Finding& finding, const std::string& key) const {
  if (!only_.empty()) return only_ != key && only_ != finding.oracle->id;
  return (past_differences_ && is_difference(key)) ||
         std::any_of(known_.begin(), known_.end(), [&](const std::string& known) {
           return known == key || known == finding.oracle->id;
         });
}

Fate Policy::fate_of(const shim::Finding& finding, const std::string& key) const {
  // A dying process cannot start a repeated run on the stack of a started context.
  bool may_leave = !finding.dying || !shim::in_started_context();
  bool may_give_up = !finding.dying;
  bool recoverable = finding.oracle->recoverable;
  if (past_all_ && recoverable) return Fate::go_past;
  if (!past_all_ && (recoverable || may_give_up) && is_known(finding, key))
    return recoverable ? Fate::go_past : Fate::give_up;
  if (!only_.empty() && is_known(finding, key)) return Fate::end_quietly;
  if (may_look_closer_ && may_leave)
    return finding.dying ? Fate::report_closely : Fate::look_closer;
  if (keep_ && (recoverable || may_give_up) && keep_(key))
    return recoverable ? Fate::go_past : Fate::give_up;
  return Fate::report;
}

std::string key_of(const shim::Finding& finding, const Position& position,
                   const std::vector<InjectedFault>& injected) {
  if (goes_on(*finding.oracle)) return fmt::format("{}:any:any:none", finding.oracle->id);
  const char* site = "none";
  for (const InjectedFault& fault : injected)
    if (fault.operation == position.running() && fault.attempt >= position.first_attempt())
      site = fault.what.site->function;
  return fmt::format("{}:{}:{}:{}", finding.oracle->id, finding.function, position.operation_name(),
                     site);
}

}  // namespace engine
