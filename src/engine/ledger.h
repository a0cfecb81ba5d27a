// SPDX-License-Identifier: GPL-2.0-only
// The ledger: findings of the allocator that are known. A campaign goes past them where they are
// expected, and calls everything else new. The table is ledger.inc.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iova/variant.h"

namespace engine {

struct KnownFinding {
  std::string id;
  std::vector<std::string> keys;  // that it shows as
  std::string title;              // half a sentence
  std::string story;              // cause, consequence, and how it is reached
  std::string contract;           // whether callers may do that, and whether any in the kernel does
  std::string since;              // first upstream version with it, maybe "or before"
  std::string upstream;           // "commit, version" of the fix, or "not fixed"
  std::string reproducer;         // seed below corpus/
  std::string expires;            // year-month-day by which somebody looks upstream again
  // Of what upstream repaired before the port's revisions: whether a kernel tree has it, by its
  // source. NULL: any may have it, and its reproducer tells.
  bool (*is_in_tree)(const iova_variant& tree) = nullptr;
  // Revisions of the port from `since` up to the behaviour that repairs it (behaviours.inc); not in
  // the table.
  std::vector<std::string> affected = {};
};

std::span<const KnownFinding> ledger();

// Whether the finding is expected on a variant: on the revisions of the port that list it, planted
// defect or not, and on kernel trees, unless their source says otherwise.
bool affects(const KnownFinding& finding, const iova_variant& variant);
// The same of a revision of the port.
bool affects_revision(const KnownFinding& finding, std::string_view revision);

bool has_key(const KnownFinding& finding, std::string_view key);

// The entry with that key that affects the variant, or NULL.
const KnownFinding* find_known(std::string_view key, const iova_variant& variant);

// The keys of all entries that affect the variant.
std::vector<std::string> known_keys(const iova_variant& variant);

}  // namespace engine
