// SPDX-License-Identifier: GPL-2.0-only
#include "engine/ledger.h"

#include <algorithm>

namespace engine {

std::span<const KnownFinding> ledger() {
  static const std::vector<KnownFinding> entries{
#include "engine/ledger.inc"
  };
  return entries;
}

bool affects(const KnownFinding& finding, std::string_view variant_name) {
  constexpr std::string_view kernel = "kernel@", port = "port@";
  if (variant_name.starts_with(kernel)) return true;
  if (!variant_name.starts_with(port)) return false;
  std::string_view revision = variant_name.substr(port.size());
  revision = revision.substr(0, revision.find('+'));  // port@revision+defect
  return std::find(finding.affected.begin(), finding.affected.end(), revision) !=
         finding.affected.end();
}

const KnownFinding* find_known(std::string_view key, std::string_view variant_name) {
  for (const KnownFinding& finding : ledger())
    if (affects(finding, variant_name) &&
        std::find(finding.keys.begin(), finding.keys.end(), key) != finding.keys.end())
      return &finding;
  return nullptr;
}

std::vector<std::string> known_keys(std::string_view variant_name) {
  std::vector<std::string> keys;
  for (const KnownFinding& finding : ledger())
    if (affects(finding, variant_name))
      keys.insert(keys.end(), finding.keys.begin(), finding.keys.end());
  return keys;
}

}  // namespace engine
