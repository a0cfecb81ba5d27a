// SPDX-License-Identifier: GPL-2.0-only
#include "engine/ledger.h"

#include <algorithm>

#include "iova/revision.h"

namespace engine {
namespace {

std::vector<std::string> affected(const KnownFinding& finding) {
  port::Version since = finding.since.c_str();
  if (finding.since.ends_with(" or before")) since = {0, 0};
  std::vector<std::string> names;
  for (const port::Behaviour& fix : port::behaviours)
    if (fix.repairs == finding.id)
      for (const port::NamedRevision& revision : port::named_revisions)
        if (since <= revision.version && revision.version < fix.since)
          names.push_back(revision.name);
  return names;
}

}  // namespace

std::span<const KnownFinding> ledger() {
  static const std::vector<KnownFinding> entries = [] {
    std::vector<KnownFinding> all{
#include "engine/ledger.inc"
    };
    for (KnownFinding& finding : all) finding.affected = affected(finding);
    return all;
  }();
  return entries;
}

bool affects(const KnownFinding& finding, const iova_variant& variant) {
  constexpr std::string_view kernel = "kernel@", port = "port@";
  std::string_view name = variant.name;
  if (name.starts_with(kernel)) return !finding.is_in_tree || finding.is_in_tree(variant);
  if (!name.starts_with(port)) return false;
  std::string_view revision = name.substr(port.size());
  return affects_revision(finding, revision.substr(0, revision.find('+')));  // revision+defect
}

bool affects_revision(const KnownFinding& finding, std::string_view revision) {
  return std::find(finding.affected.begin(), finding.affected.end(), revision) !=
         finding.affected.end();
}

bool has_key(const KnownFinding& finding, std::string_view key) {
  return std::find(finding.keys.begin(), finding.keys.end(), key) != finding.keys.end();
}

const KnownFinding* find_known(std::string_view key, const iova_variant& variant) {
  for (const KnownFinding& finding : ledger())
    if (affects(finding, variant) && has_key(finding, key)) return &finding;
  return nullptr;
}

std::vector<std::string> known_keys(const iova_variant& variant) {
  std::vector<std::string> keys;
  for (const KnownFinding& finding : ledger())
    if (affects(finding, variant))
      keys.insert(keys.end(), finding.keys.begin(), finding.keys.end());
  return keys;
}

}  // namespace engine
