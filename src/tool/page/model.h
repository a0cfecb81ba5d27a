// SPDX-License-Identifier: GPL-2.0-only
// Collects a campaign or a triage as one JSON value, from its folder and from new runs of its
// programs.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "tool/support/json.h"

namespace tool {

struct ModelOptions {
  bool coverage = false;  // measure coverage: builds and runs the corpus
};

// Called with the number of findings looked at so far, and of all.
using OnFindings = std::function<void(size_t done, size_t all)>;

// May collect the same folder repeatedly; findings that did not change are not run again.
class Collector {
 public:
  // Throws Failure if the folder has no campaign or triage.
  Collector(std::filesystem::path folder, const ModelOptions& options);
  ~Collector();
  json collect(const OnFindings& on_findings = [](size_t, size_t) {});

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The text of `iovafuzz mail` for a finding in the folder. Throws Failure.
std::string mail_of_finding(const std::filesystem::path& folder, const std::string& key);

}  // namespace tool
