// SPDX-License-Identifier: GPL-2.0-only
// The page: one file of HTML with its own style and script, no network. Without scripts it can be
// read, too.
#pragma once

#include <string>

#include "tool/support/json.h"

namespace tool {

inline constexpr int page_refresh_seconds = 10;  // of a campaign that runs

// Of what Collector collected.
std::string page_of(const json& model);

}  // namespace tool
