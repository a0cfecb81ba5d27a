// SPDX-License-Identifier: GPL-2.0-only
#include "tool/support/moment_json.h"

#include <span>

namespace tool {
namespace {

const char* kind_name(engine::RangeKind kind) {
  switch (kind) {
    case engine::RangeKind::tree: return "alloc";
    case engine::RangeKind::fast: return "alloc_fast";
    case engine::RangeKind::reserved: return "reserved";
    case engine::RangeKind::queued: return "queued";
  }
  return "?";
}

// The views that the allocator offers.
json to_json(const engine::DomainMoment& domain) {
  const engine::Snapshot& view = domain.view;
  json shown = json::object();
  if (view.shows(IOVA_VIEW_NODES)) {
    json nodes = json::array();
    for (const engine::Snapshot::Node& node : view.nodes)
      if (node.lo != IOVA_ANCHOR_PFN) nodes.push_back({node.lo, node.hi});
    shown["nodes"] = nodes;
  }
  if (view.shows(IOVA_VIEW_CACHED_NODES)) {
    shown["cached_node"] = view.fields.cached_lo;
    shown["cached32_node"] = view.fields.cached32_lo;
  }
  if (view.shows(IOVA_VIEW_HINT) && !view.variant->lacks_hint)
    shown["max32_alloc_size"] = view.fields.max32_alloc_size;
  if (view.shows(IOVA_VIEW_MAGAZINES)) {
    json magazines = json::array();
    for (const engine::DomainMoment::Magazine& magazine : domain.magazines)
      magazines.push_back({{"bin", magazine.bin},
                           {"cpu", magazine.cpu},
                           {"previous", magazine.previous},
                           {"pfns", magazine.pfns}});
    shown["magazines"] = magazines;
    shown["magazine_pfns"] = view.variant->magazine_pfns;
  }
  if (view.shows(IOVA_VIEW_DEPOTS) && domain.has_rcaches) {
    json depots = json::array();
    for (const iova_depot_view& depot : std::span(view.depots).first(view.variant->bins))
      depots.push_back({{"size", depot.size}, {"work_pending", depot.work_pending}});
    shown["depots"] = depots;
  }
  if (view.queue.exists) {
    json queued = json::array();
    for (const iova_queued_view& entry : view.queued)
      queued.push_back({{"ring", entry.ring},
                        {"pfn", entry.pfn},
                        {"pages", entry.pages},
                        {"counter", entry.counter}});
    shown["queue"] = {{"started", view.queue.started},
                      {"finished", view.queue.finished},
                      {"timer_pending", view.queue.timer_pending},
                      {"entries", queued}};
  }
  return shown;
}

}  // namespace

json to_json(const engine::Moment& moment) {
  json domains = json::array();
  for (const engine::DomainMoment& domain : moment.domains) {
    json owned = json::array();
    for (const engine::DomainMoment::Owned& range : domain.owned) {
      owned.push_back({{"lo", range.lo}, {"hi", range.hi}, {"kind", kind_name(range.kind)}});
      if (range.slot) owned.back()["slot"] = *range.slot;
    }
    domains.push_back({{"number", domain.number},
                       {"granule", domain.granule},
                       {"start_pfn", domain.start_pfn},
                       {"first_pfn_above_32bit", domain.first_pfn_above_32bit},
                       {"rcaches", domain.has_rcaches},
                       {"owned", owned}});
    if (domain.has_queue)
      domains.back()["flushes"] = {{"started", domain.flushes_started},
                                   {"finished", domain.newest_finished}};
    if (domain.is_seen) domains.back()["shown"] = to_json(domain);
  }
  json result{{"domains", domains},
              {"ms", moment.ms},
              {"cpu", moment.cpu},
              {"suspended", moment.suspended}};
  if (const auto& call = moment.call)
    result["call"] = {{"function", call->function},
                      {"domain", call->domain},
                      {"size", call->size},
                      {"limit", call->limit},
                      {"pfn", call->pfn},
                      {"last", call->last},
                      {"aligned", call->aligned},
                      {"flush", call->flush},
                      {"in_interrupt", call->in_interrupt},
                      {"over", call->is_over},
                      {"granted", call->granted},
                      {"error", call->error},
                      {"cpu", call->cpu}};
  if (moment.call && moment.call->has_range) {
    result["call"]["lo"] = moment.call->lo;
    result["call"]["hi"] = moment.call->hi;
    result["call"]["booked"] = moment.call->is_booked;
  }
  return result;
}

}  // namespace tool
