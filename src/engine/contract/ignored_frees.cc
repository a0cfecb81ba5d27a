// SPDX-License-Identifier: GPL-2.0-only
// Judges free_iova() of a pfn that is in no range: it must do nothing.
#include <fmt/core.h>

#include "engine/contract/judges.h"

namespace engine::contract {

void IgnoredFrees::begin_call(Call& call) {
  if (call.function != Function::free_pfn || call.range) has_freed_ = true;
  if (!call.range) before_ = shim::census();
}

void IgnoredFrees::end_call(Call& call) {
  // After an earlier finding, the pfn may be in a range that callers do not know.
  if (call.range || scene_.promise_broken || scene_.overlapped) return;
  const shim::Census now = shim::census();
  // Another design may use the call to free what earlier calls left.
  if (now == before_ || (!variant().strict && has_freed_ && !shim::has_grown(before_, now))) return;
  raise(oracle::free_not_ignored, fmt::format("pfn {:#x}", call.pfn));
}

}  // namespace engine::contract
