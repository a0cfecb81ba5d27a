// SPDX-License-Identifier: GPL-2.0-only
// Crashes before ClusterFuzz's own parser and comparer: one bug for each key, and what we wrote
// down of them.
#pragma once

#include <string>
#include <vector>

#include "triage/preflight/checks.h"
#include "triage/preflight/crashes.h"

namespace tool {

struct CrashOfBuild {
  std::string sanitizer;
  Crash crash;
};

// Of all builds together: what one build shows is the bug that another shows.
std::vector<Check> check_crashes(const ClusterFuzz& judge,
                                 const std::vector<CrashOfBuild>& crashes);

}  // namespace tool
