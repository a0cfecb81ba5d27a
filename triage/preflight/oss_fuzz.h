// SPDX-License-Identifier: GPL-2.0-only
// OSS-Fuzz's own scripts (infra/base-images/base-runner), from a clone, on a build.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "triage/preflight/checks.h"
#include "triage/preflight/farm_build.h"

namespace tool {

class OssFuzz {
 public:
  // Throws Failure.
  explicit OssFuzz(const std::filesystem::path& clone);
  // test_all.py, which has bad_build_check look at every target; run_fuzzer on the seeds of each;
  // of a coverage build, the coverage script instead.
  std::vector<Check> check(const FarmBuild& build, const std::vector<std::string>& targets) const;

 private:
  std::filesystem::path scripts_;
  std::map<std::string, std::string> settings_;  // of the environment that runs targets
};

}  // namespace tool
