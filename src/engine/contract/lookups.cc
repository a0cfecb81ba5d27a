// SPDX-License-Identifier: GPL-2.0-only
// Judges find_iova() of a pfn in a range in use: it finds that range.
#include <fmt/core.h>

#include "engine/contract/judges.h"
#include "engine/printing.h"

namespace engine::contract {

void Lookups::end_call(Call& call) {
  if (!call.range) return;
  const Range& range = *call.range;
  bool right = call.granted && call.lo == range.lo && call.hi == range.hi;
  if (!right)
    raise(oracle::find_wrong,
          fmt::format("pfn {:#x} is in {}", call.pfn, print_range(range.lo, range.hi)));
}

}  // namespace engine::contract
