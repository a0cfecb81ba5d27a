// SPDX-License-Identifier: GPL-2.0-only
// The report page: one HTML file with its own style and script, which uses no network and can be
// read without scripts.
#pragma once

#include <string>

#include "tool/support/json.h"

namespace tool {

inline constexpr int page_refresh_seconds = 10;  // for a running campaign

// model: the result of Collector::collect().
std::string page_of(const json& model);

}  // namespace tool
