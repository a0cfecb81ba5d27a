// SPDX-License-Identifier: GPL-2.0-only
// Crashes of targets, as a farm meets them: of every planted defect and of what the ledger knows of
// the port, by several inputs each; and texts of a crash of every oracle.
#pragma once

#include <string>
#include <vector>

#include "triage/preflight/clusterfuzz.h"
#include "triage/preflight/farm_build.h"

namespace tool {

struct Crash {
  std::string of;  // "defect no-second-pass", "issue hint-poisoned"
  size_t input;    // 0: the program that shows it; others are mutants of that
  std::string key;
  CrashText text;
};

// Builds the targets for it. Throws Failure: what shows a defect or an issue does not.
std::vector<Crash> crash_everything(const FarmBuild& build);

// What a target writes that dies of a finding of that oracle.
struct OracleCrash {
  std::string oracle;
  std::string text;
};
// All of them, whose process says after its report what that text has there.
std::vector<OracleCrash> crash_of_every_oracle(const std::string& ended_like = "");

inline constexpr char end_of_report[] = "==iovafuzz== end of report\n";

}  // namespace tool
