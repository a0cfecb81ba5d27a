// SPDX-License-Identifier: GPL-2.0-only
// Judges the magazine layer: the contents and order of every magazine and depot, whether depot work
// is pending, and the size limit that iova_rcache_range() returns.
#include <fmt/core.h>

#include "engine/reference/judges.h"
#include "shim/types.h"

namespace engine::reference {

void Magazines::hear(const Event& event) {
  RcacheModel& model = models_.of(*event.domain).rcache;
  std::string contents = model.wrong_contents(event.view->magazines);
  if (event.kind == Kind::glance) {
    if (!contents.empty()) raise(oracle::rcache_contents, std::move(contents));
    return;
  }
  std::string work = model.wrong_work(event.view->depots);
  if (contents.empty() && work.empty()) return;
  if (!contents.empty()) raise(oracle::rcache_contents, std::move(contents));
  if (!work.empty()) raise(oracle::depot_work_wrong, std::move(work));
  model.adopt(variant(), event.domain->memory);
}

// iova_rcache_range() returns the largest cached size.
void Magazines::end_call(Call& call) {
  const unsigned long largest_cached = PAGE_SIZE << (variant().bins - 1);
  if (call.bytes != largest_cached)
    raise(oracle::rcache_range_wrong,
          fmt::format("it returns {} bytes, should be {}", call.bytes, largest_cached));
}

}  // namespace engine::reference
