// SPDX-License-Identifier: GPL-2.0-only
// What a stable maintainer asks about a repair: which trees need it and which do not and why,
// whether it applies, what it was tried with, who can reach the fault, how, and how bad that is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/ledger.h"
#include "engine/report.h"
#include "tool/replay/repair.h"
#include "tool/support/json.h"

namespace tool {

// A stable series, or a tree.
struct StableTree {
  std::string name;         // "6.12.y"
  std::string tried_on;     // "v6.12.3"
  bool needs;               // it shows the finding
  std::string why_not;      // half a sentence: "it has the repair"
  bool is_unknown = false;  // whether it needs it: it cannot be built, as why_not tells
  std::optional<Patched> patched = {};
  std::optional<Repaired> repaired = {};
};

struct StableFacts {
  std::optional<engine::Report> report;  // of the newest tree that shows it
  const engine::KnownFinding* known = nullptr;
  std::vector<std::string> callers;  // of the call of the interface that meets it
  std::string introduced_in;         // "v6.9", or ""
  std::string introduced_by;         // "84e6f56be9c6 ("subject")", or ""
  std::string fix;                   // likewise, or the patch's file
  std::string fixed_in;              // the first release with it, or ""
};

std::string stable_table(const std::vector<StableTree>& trees);
// In lines of 75 columns, to be sent as it is.
std::string stable_answer(const StableFacts& facts, const std::vector<StableTree>& trees);
json to_json(const StableTree& tree);

}  // namespace tool
