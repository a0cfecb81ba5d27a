// SPDX-License-Identifier: GPL-2.0-only
// Runs OSS-Fuzz's own scripts (infra/base-images/base-runner), from a clone, on a build.
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
  // Runs test_all.py, which runs bad_build_check on every target, and run_fuzzer on each target's
  // seeds; for a coverage build, only the coverage script.
  std::vector<Check> check(const FarmBuild& build, const std::vector<std::string>& targets) const;

 private:
  std::filesystem::path scripts_;
  std::map<std::string, std::string> settings_;  // environment in which targets run
};

}  // namespace tool
