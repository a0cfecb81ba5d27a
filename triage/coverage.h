// SPDX-License-Identifier: GPL-2.0-only
// Which lines and branches of the allocator the seeds reach.
#pragma once

#include <string>

namespace triage {

// Builds the tool with source coverage, runs all seeds, and prints what none of them reached and
// unreached.inc has no reason for: of the port, on all its revisions, or of a kernel tree's own
// code, if one is given. Returns 1 if there is any, or a reason that does not hold; else 0. Throws
// Failure.
int report_seed_coverage(const std::string& kernel = "");

}  // namespace triage
