// SPDX-License-Identifier: GPL-2.0-only
// Reports of the engine as JSON, between processes and in files.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "engine/report.h"

namespace tool {

nlohmann::json to_json(const engine::Report& report);
engine::Report report_from_json(const nlohmann::json& json);

// Indented, whatever bytes are in it.
std::string to_text(const nlohmann::json& json);

}  // namespace tool
