// SPDX-License-Identifier: GPL-2.0-only
// Judges the fields of a domain between calls: cached_node, cached32_node and max32_alloc_size.
#include <fmt/core.h>

#include "engine/reference/judges.h"

namespace engine::reference {

void Fields::hear(const Event&) {
  for (const Domain& domain : scene_.books.domains()) {
    if (!domain.memory) continue;
    iova_fields fields;
    variant().fields(domain.memory, &fields);
    const Model& model = models_.of(domain).tree;
    std::string wrong = model.wrong_cached_nodes(fields);
    bool hint_is = model.hint_is(fields);
    if (wrong.empty() && hint_is) continue;
    scene_.looker.look();  // may find the reason
    if (!wrong.empty()) raise(oracle::cached_node_wrong, std::move(wrong));
    if (!hint_is)
      raise(oracle::hint_wrong,
            fmt::format("{:#x}, should be {:#x}", fields.max32_alloc_size, model.hint()));
    models_.adopt(domain);
  }
}

}  // namespace engine::reference
