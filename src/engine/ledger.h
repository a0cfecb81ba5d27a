// SPDX-License-Identifier: GPL-2.0-only
// The ledger of known findings in the allocator. A campaign continues past them where they are
// expected, and reports all others as new. The table is ledger.inc.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "iova/variant.h"

namespace engine {

struct KnownFinding {
  std::string id;
  std::vector<std::string> keys;  // the keys under which it shows
  std::string title;              // a sentence fragment
  std::string story;              // cause, consequence, and how it is reached
  std::string contract;    // whether callers may do this, and whether any in-tree caller does
  std::string since;       // first upstream version that has it; may add "or before"
  std::string upstream;    // "commit, version" of the fix, or "not fixed"
  std::string reproducer;  // seed below corpus/
  std::string expires;     // year-month-day by which to check upstream again
  // For issues that upstream fixed before the port's oldest revision: whether the source of a
  // kernel tree has it. NULL: any tree may have it, and the reproducer decides.
  bool (*is_in_tree)(const iova_variant& tree) = nullptr;
  // Revisions of the port from `since` up to the behaviour that repairs it (behaviours.inc).
  // Computed, not in the table.
  std::vector<std::string> affected = {};
};

std::span<const KnownFinding> ledger();

// Whether the finding is expected on a variant: on port revisions in `affected`, with or without a
// planted defect, and on kernel trees unless is_in_tree() rules it out.
bool affects(const KnownFinding& finding, const iova_variant& variant);
// Same for a revision of the port.
bool affects_revision(const KnownFinding& finding, std::string_view revision);

bool has_key(const KnownFinding& finding, std::string_view key);

// The entry that has the key and affects the variant, or NULL.
const KnownFinding* find_known(std::string_view key, const iova_variant& variant);

// Keys of all entries that affect the variant.
std::vector<std::string> known_keys(const iova_variant& variant);

}  // namespace engine
