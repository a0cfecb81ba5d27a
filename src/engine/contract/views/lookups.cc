// SPDX-License-Identifier: GPL-2.0-only
// Judges find_iova() of any pfn: the result must be in the tree. The callers' books say what must
// be found (../lookups.cc); a node without owner need not be.
#include <fmt/core.h>

#include "engine/contract/views/judges.h"

namespace engine::contract {

void PfnLookups::end_call(Call& call) {
  if (call.range || call.is_aside || !call.granted || !shows(IOVA_VIEW_NODES)) return;
  struct Lookup {
    uint64_t pfn;
    bool in_node;
  } lookup{call.pfn, false};
  variant().each_node(
      call.domain->memory,
      [](void* context, unsigned long lo, unsigned long hi) {
        Lookup& l = *static_cast<Lookup*>(context);
        l.in_node |= lo <= l.pfn && l.pfn <= hi;
        return lo <= l.pfn;
      },
      &lookup);
  if (!lookup.in_node || call.lo > call.pfn || call.pfn > call.hi)
    raise(oracle::find_wrong,
          fmt::format("pfn {:#x} is in {} node", call.pfn, lookup.in_node ? "another" : "no"));
}

}  // namespace engine::contract
