// SPDX-License-Identifier: GPL-2.0-only
// Findings as other programs take them: SARIF 2.1.0, for code review.
#pragma once

#include <vector>

#include "tool/findings/findings.h"
#include "tool/support/json.h"

namespace tool {

// One run with all findings.
json to_sarif(const std::vector<StoredFinding>& findings, const iova_variant& variant);

}  // namespace tool
