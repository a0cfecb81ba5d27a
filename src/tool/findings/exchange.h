// SPDX-License-Identifier: GPL-2.0-only
// Exports findings for other programs: SARIF 2.1.0, for code review.
#pragma once

#include <vector>

#include "tool/findings/findings.h"
#include "tool/support/json.h"

namespace tool {

// One SARIF run that contains all findings.
json to_sarif(const std::vector<StoredFinding>& findings, const iova_variant& variant);

}  // namespace tool
