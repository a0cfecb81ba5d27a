// SPDX-License-Identifier: GPL-2.0-only
// Reports of the engine as JSON, for files and for exchange between processes.
#pragma once

#include <string>

#include "engine/report.h"
#include "tool/support/json.h"

namespace tool {

json to_json(const engine::Report& report);
engine::Report report_from_json(const json& report);

}  // namespace tool
