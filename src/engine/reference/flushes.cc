// SPDX-License-Identifier: GPL-2.0-only
// Judges the flush of the rcaches in a fast request, by its number of tries on the tree: a request
// that may flush is not refused without a flush, and a flush leaves no range cached that it can
// reach.
#include <fmt/core.h>

#include "engine/reference/judges.h"
#include "shim/cpu.h"

namespace engine::reference {

void Flushes::end_call(Call& call) {
  bool refused = !call.granted && !call.lost_pfn_0;
  size_t tries = call.attempts;  // each allocates a node; none for a cached range
  if (call.flush && refused && tries < 2) raise(oracle::flush_missing, "");
  if (tries < 2) return;
  struct Left {
    bool depots;
    size_t pfns;
  } left{variant().flushes_depots, 0};
  variant().each_magazine(
      call.domain->memory,
      [](void* context, const iova_magazine_view* magazine) {
        Left& l = *static_cast<Left*>(context);
        bool flushed =
            magazine->cpu < 0 ? l.depots : cpu_online(static_cast<unsigned>(magazine->cpu));
        if (flushed) l.pfns += magazine->size;
      },
      &left);
  if (left.pfns) raise(oracle::flush_incomplete, fmt::format("{} ranges", left.pfns));
}

}  // namespace engine::reference
