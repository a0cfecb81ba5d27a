// SPDX-License-Identifier: GPL-2.0-only
// Checks how ClusterFuzz's own parser and comparer read crashes: one bug per key, and readings as
// we recorded them.
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

// Checks the crashes of all builds together: a finding must be the same bug in every build.
std::vector<Check> check_crashes(const ClusterFuzz& judge,
                                 const std::vector<CrashOfBuild>& crashes);

}  // namespace tool
