// SPDX-License-Identifier: GPL-2.0-only
// Answers what a stable maintainer asks about a repair: which trees need it, which do not and why,
// whether it applies, how it was tested, who can reach the fault, and its severity.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/ledger.h"
#include "engine/report.h"
#include "tool/replay/repair.h"
#include "tool/support/json.h"

namespace tool {

// A stable series or a single tree.
struct StableTree {
  std::string name;         // "6.12.y"
  std::string tried_on;     // "v6.12.3"
  bool needs;               // the tree shows the finding
  std::string why_not;      // reason, as half a sentence: "it has the repair"
  bool is_unknown = false;  // the tree cannot be built, see why_not
  std::optional<Patched> patched = {};
  std::optional<Repaired> repaired = {};
};

struct StableFacts {
  std::optional<engine::Report> report;  // on the newest tree that shows it
  const engine::KnownFinding* known = nullptr;
  std::vector<std::string> callers;  // in-tree callers of the API call that shows it
  std::string introduced_in;         // "v6.9", or ""
  std::string introduced_by;         // "84e6f56be9c6 ("subject")", or ""
  std::string fix;                   // commit as above, or name of the patch file
  std::string fixed_in;              // first release that has it, or ""
};

std::string stable_table(const std::vector<StableTree>& trees);
// Text for a mail, wrapped at 75 columns.
std::string stable_answer(const StableFacts& facts, const std::vector<StableTree>& trees);
json to_json(const StableTree& tree);

}  // namespace tool
