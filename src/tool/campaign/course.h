// SPDX-License-Identifier: GPL-2.0-only
// progress.jsonl records the course of a campaign: a line with all figures at growing intervals,
// and a line per new finding. Campaigns in the same folder append to it.
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
// All lines for the variant, without partial lines of killed processes.
std::vector<json> read_course(const std::filesystem::path& campaign, const std::string& variant);

}  // namespace tool
