// SPDX-License-Identifier: GPL-2.0-only
// How a campaign went, in its folder: progress.jsonl, a line now and then with the figures of that
// moment, and a line for each new finding. Runs of a folder follow each other there.
#pragma once

#include <filesystem>
#include <vector>

#include "tool/campaign/campaign.h"
#include "tool/support/json.h"

namespace tool {

// Seconds and executions count from the folder's first run on the variant.
json course_point(const Progress& progress, const std::string& variant);
// Throws Failure.
void append_to_course(const std::filesystem::path& campaign, const json& line);
// The lines of a variant, without those that a killed process left unfinished.
std::vector<json> read_course(const std::filesystem::path& campaign, const std::string& variant);

}  // namespace tool
