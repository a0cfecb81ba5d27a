// SPDX-License-Identifier: GPL-2.0-only
// A campaign or a triage as one value, from what its folder has and from its programs, which are
// run once more.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "tool/support/json.h"

namespace tool {

struct ModelOptions {
  bool coverage = false;  // measured: builds and runs the corpus
};

// Told of how many findings of how many are looked at.
using OnFindings = std::function<void(size_t done, size_t all)>;

// It may look at the same folder again and again: what did not change is not run again.
class Collector {
 public:
  // Throws Failure: no campaign or triage is there.
  Collector(std::filesystem::path folder, const ModelOptions& options);
  ~Collector();
  json collect(const OnFindings& on_findings = [](size_t, size_t) {});

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// What `iovafuzz mail` says of a finding of the folder. Throws Failure.
std::string mail_of_finding(const std::filesystem::path& folder, const std::string& key);

}  // namespace tool
