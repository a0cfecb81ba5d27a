// SPDX-License-Identifier: GPL-2.0-only
// Text and JSON about known findings, and the option --past.
#pragma once

#include <string>
#include <vector>

#include "engine/ledger.h"
#include "iova/variant.h"
#include "tool/replay/issues.h"
#include "tool/support/command_line.h"
#include "tool/support/json.h"

namespace tool {

// " (known: mag-free-null, rcache init frees ...)", or nothing if the key is new on the variant.
std::string known_note(const std::string& key, const iova_variant& variant);

// Maps those of the counted keys that are known on the variant to their ids.
template <class Counts>
json known_ids(const Counts& keys, const iova_variant& variant) {
  json ids = json::object();
  for (const auto& [key, count] : keys)
    if (const engine::KnownFinding* known = find_issue(key, variant)) ids[key] = known->id;
  return ids;
}

// "since v6.9, fixed by fa8fb60d3637, v7.1".
std::string upstream_status(const engine::KnownFinding& finding);
std::string upstream_status(const std::string& since, const std::string& upstream);

// Whole sentences on a known finding, in lines that begin with the indent.
std::string describe(const engine::KnownFinding& finding, const std::string& indent);
json to_json(const engine::KnownFinding& finding);

// Of an issue, as every list of issues prints it: its state, its id and what is said of it; behind
// that, of one that is there, upstream_status() and what else is to be said.
std::string issue_lines(const std::string& state, const std::string& id, const std::string& text,
                        const std::vector<std::string>& more = {});

// The command that shows it; options choose the variant ("--revision 6.12 ").
std::string show_command(const engine::KnownFinding& finding, const std::string& options);

// The option --past of commands that run inputs.
struct PastOption {
  std::vector<std::string> keys;

  void add_to(CommandLine& line);
  // With "ledger" replaced by the keys that are known on the variant (issue_keys()).
  std::vector<std::string> expand(const iova_variant& variant) const;
};

}  // namespace tool
