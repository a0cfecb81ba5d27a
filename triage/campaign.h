// SPDX-License-Identifier: GPL-2.0-only
// A fuzzing campaign: targets on a variant, for a time, on some processors.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fuzz/target.h"
#include "triage/findings.h"

namespace triage {

// Where campaigns go that are given no folder: .campaign of the project, which ignores itself. It is
// made if it is missing. Throws Failure.
std::filesystem::path campaign_folder();

struct CampaignOptions {
  std::vector<const fuzz::Target*> targets;
  TestedVariant tested;
  std::string variant_folder;  // of the build's bin/
  std::optional<std::chrono::milliseconds> time;  // none: until interrupted
  unsigned jobs = 1;           // processes at a time
  unsigned seed = 1;
  unsigned input_timeout = 25;  // seconds
  bool first = false;          // stop at the first new finding
  bool seeds = true;           // else from an empty corpus
  bool ledger = true;          // go past known findings; else they are new
  uint64_t minimize_executions = 0;  // to make a finding's program smaller
  bool stock_mutators = false;  // the engine's own, on bytes, instead of by operation
  std::filesystem::path out;
};

// Known findings, by their id, with the keys that they were met as.
using KnownMet = std::map<std::string, std::set<std::string>>;

struct TargetProgress {
  const fuzz::Target* target;
  bool running = false;
  uint64_t executions = 0;
  double executions_per_second = 0;  // over the time that it was running
  double cpu_seconds = 0;            // of the processes that have ended
  uint64_t coverage = 0, corpus = 0;
  size_t new_findings = 0;
  KnownMet known = {};  // of the ledger
};

struct Progress {
  std::chrono::milliseconds elapsed{0};
  std::vector<TargetProgress> targets;
  bool interrupted = false;
};

// Called now and then, and with the finding whenever there is a new one.
using OnProgress = std::function<void(const Progress&, const StoredFinding*)>;

struct CampaignResult {
  Progress progress;
  std::vector<StoredFinding> findings;
};

// Runs until the time is over, or SIGINT or SIGTERM comes. Everything found is in options.out:
// corpus/ and logs/ by target, findings/ by key. Throws Failure.
CampaignResult run_campaign(const CampaignOptions& options, const OnProgress& on_progress);

}  // namespace triage
