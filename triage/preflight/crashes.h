// SPDX-License-Identifier: GPL-2.0-only
// Crashes of targets for every planted defect and every known issue of the port, by several inputs
// each, and crash texts for every oracle.
#pragma once

#include <string>
#include <vector>

#include "triage/preflight/clusterfuzz.h"
#include "triage/preflight/farm_build.h"

namespace tool {

struct Crash {
  std::string of;  // "defect no-second-pass", "issue hint-poisoned"
  size_t input;    // 0: the program that shows it; others: its mutants
  std::string key;
  CrashText text;
};

// Builds the targets. Throws Failure if a defect or issue does not show.
std::vector<Crash> crash_everything(const FarmBuild& build);

// Output of a target that dies of the oracle's finding.
struct OracleCrash {
  std::string oracle;
  std::string text;
};
// Returns a text per oracle. ended_like: a crash text whose output after the report is appended.
std::vector<OracleCrash> crash_of_every_oracle(const std::string& ended_like = "");

inline constexpr char end_of_report[] = "==iovafuzz== end of report\n";

}  // namespace tool
