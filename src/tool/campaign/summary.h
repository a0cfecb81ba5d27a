// SPDX-License-Identifier: GPL-2.0-only
// The summary of a campaign, as JSON in its folder while it runs and at its end, and as text.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tool/campaign/campaign.h"

namespace tool {

using nlohmann::json;

std::filesystem::path summary_file(const std::filesystem::path& campaign);

// Reads the summary of a running or ended campaign. For a killed campaign "running" is false and
// "killed" is true. Throws Failure.
json read_summary(const std::filesystem::path& campaign);

// Describes what is fuzzed and the expected result.
struct Meaning {
  std::string what, expected;
};
// For a variant's name; with_ledger: known issues are ignored.
Meaning meaning_of(const std::string& variant, bool with_ledger);

json to_json(const CampaignResult& result, const CampaignOptions& options);
// The figures that tables show. Targets that this build does not have are left out. Throws
// nlohmann::json::exception.
Progress progress_of(const json& summary);

// The number of new findings, what was fuzzed, the table, and a line per known issue. No line is
// wider than `columns`.
std::string overview(const json& summary, size_t columns);
// Describes one finding in full.
std::string describe(size_t number, const StoredFinding& finding);
// Lists the folders and the next commands. Commands begin with `launcher`.
std::string ending(const json& summary, const std::string& launcher, size_t columns);
// The whole text, from the content of a summary file.
std::string in_words(const std::string& summary, const std::vector<StoredFinding>& findings,
                     const std::string& launcher, size_t columns);

}  // namespace tool
