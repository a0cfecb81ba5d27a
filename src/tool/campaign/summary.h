// SPDX-License-Identifier: GPL-2.0-only
// What a campaign came to, as JSON in its folder while it runs and at its end, and in words.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tool/campaign/campaign.h"

namespace tool {

using nlohmann::json;

std::filesystem::path summary_file(const std::filesystem::path& campaign);

// Of a campaign that runs or ran in the folder; of one that was killed "running" is false and
// "killed" true. Throws Failure.
json read_summary(const std::filesystem::path& campaign);

// What is fuzzed, and what it should show.
struct Meaning {
  std::string what, expected;
};
// Of a variant's name; with_ledger: known issues are gone past.
Meaning meaning_of(const std::string& variant, bool with_ledger);

json to_json(const CampaignResult& result, const CampaignOptions& options);
// What tables show of it. Targets that this tool does not have are left out. Throws
// nlohmann::json::exception.
Progress progress_of(const json& summary);

// The number of new findings, what was fuzzed, the table, and known issues with a line each; no
// line of these is wider than the columns.
std::string overview(const json& summary, size_t columns);
// A finding at full length.
std::string describe(size_t number, const StoredFinding& finding);
// Where everything is, and what to do next. Commands begin with the launcher's words.
std::string ending(const json& summary, const std::string& launcher, size_t columns);
// All of that, of the text of a summary.
std::string in_words(const std::string& summary, const std::vector<StoredFinding>& findings,
                     const std::string& launcher, size_t columns);

}  // namespace tool
