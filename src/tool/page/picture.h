// SPDX-License-Identifier: GPL-2.0-only
// Draws a finding: the domains before the call and at the finding.
#pragma once

#include <string>

#include "tool/support/json.h"

namespace tool {

struct Picture {
  std::string map, magazines, queue;  // HTML; "" where there is nothing to show
};

// moments: "before" and "now" (support/moment_json.h).
Picture picture_of(const json& moments);

}  // namespace tool
