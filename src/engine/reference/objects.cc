// SPDX-License-Identifier: GPL-2.0-only
// Judges the number of objects: domains, a node for each range, magazines, and nothing else.
// Compares with the models after every operation, so that a lost or surplus object shows at once,
// and with the views at every look.
#include <fmt/core.h>

#include "engine/reference/judges.h"
#include "shim/object.h"

namespace engine::reference {

void Objects::hear(const Event& event) {
  if (event.kind == Kind::quiet) return check_count();
  if (event.kind == Kind::looked) return check_views();
  const Snapshot& view = *event.view;
  // The domain, its nodes without the embedded anchor, its magazines, its array of rcaches.
  viewed_ += view.nodes.size() + view.magazines.size() +
             (view.fields.has_rcaches && !variant().embeds_rcaches);
}

size_t Objects::modelled() const {
  size_t count = 0;
  for (const Domain& domain : scene_.books.domains()) {
    if (!domain.memory) continue;
    const DomainModel& model = models_.of(domain);
    count += model.tree.size() + model.rcache.magazines() +
             (domain.has_rcaches && !variant().embeds_rcaches);
  }
  return count;
}

// Before v5.5, unzeroed nodes may look like the anchor and leak; the end of the run reports them.
bool Objects::fits(size_t found, size_t expected) const {
  return found == expected || (variant().leaves_nodes_unzeroed && found > expected);
}

void Objects::check_count() {
  size_t found = shim::live_slab_objects();
  if (fits(found, modelled() + surplus_)) return;
  size_t findings = scene_.findings;
  scene_.looker.look();  // may find the reason
  if (scene_.findings == findings)
    raise(oracle::object_count,
          fmt::format("{} slab objects, expected {}", found, modelled() + surplus_));
  for (const Domain& domain : scene_.books.domains())
    if (domain.memory) models_.adopt(domain);
  surplus_ = found - modelled();
}

void Objects::check_views() {
  size_t found = shim::live_slab_objects(), viewed = std::exchange(viewed_, 0);
  size_t expected = viewed + viewed_surplus_;
  if (fits(found, expected)) return;
  raise(oracle::object_count, fmt::format("{} slab objects, expected {}", found, expected));
  viewed_surplus_ = found - viewed;
}

}  // namespace engine::reference
