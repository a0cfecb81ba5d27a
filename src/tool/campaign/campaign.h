// SPDX-License-Identifier: GPL-2.0-only
// A fuzzing campaign runs targets on a variant, with one engine or several, on some processors for
// some time. Its folder holds all state: a campaign may be killed at any moment, and the next one
// in the same folder resumes it.
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
#include "tool/findings/findings.h"
#include "tool/support/build.h"

namespace tool {

// The default folder: .campaign in the project.
std::filesystem::path usual_campaign_folder();
// Creates the default folder if it is missing. Throws Failure.
std::filesystem::path campaign_folder();

struct CampaignOptions {
  std::vector<const fuzz::Target*> targets;
  TestedVariant tested;
  std::string variant_folder;  // folder below a build's bin/
  // The build folder of each engine's targets. Engines share each target's corpus.
  std::map<Engine, std::filesystem::path> builds{{Engine::libfuzzer, build_folder()}};
  std::optional<std::chrono::milliseconds> time;  // none: until interrupted
  unsigned jobs = 1;                              // concurrent processes
  unsigned seed = 1;
  unsigned input_timeout = 25;                   // seconds
  unsigned memory = 2560;                        // MB, per process
  std::vector<std::string> engine_options = {};  // in the engine's own syntax
  bool first = false;                            // stop at the first new finding
  bool seeds = true;                             // false: start from an empty corpus
  bool ledger = true;                            // ignore known findings; false: report them as new
  std::vector<std::string> forgotten;            // ids of known findings to report as new
  std::vector<std::string> past = {};            // further keys and oracles to ignore
  uint64_t minimize_executions = 0;              // limit for minimizing a finding's program
  bool stock_mutators = false;                   // the engine mutates bytes instead of operations
  uint64_t least_space = 0;                      // bytes; the campaign ends if less is free on disk
  std::filesystem::path out;
  std::filesystem::path shared = {};  // the shared folder that contains out (shared.h), or ""
};

// Ids of the known findings that were met, each with the keys that it showed.
using KnownMet = std::map<std::string, std::set<std::string>>;

// One target with one engine.
struct TargetProgress {
  const fuzz::Target* target;
  Engine engine;
  bool running = false;
  bool failed = false;  // the engine cannot start
  double ran = 0;       // seconds in which at least one process was running
  uint64_t executions = 0;
  double executions_per_second = 0;       // while a process was running
  double cpu_seconds = 0;                 // of ended processes
  uint64_t coverage = 0;                  // edges, counted by the engine
  uint64_t corpus = 0;                    // inputs, counted by the engine
  std::optional<double> stability = {};   // percent, reported by AFL++
  std::chrono::milliseconds last_new{0};  // campaign time when coverage or corpus last grew
  double quiet = 0;                       // seconds of running since then
  size_t new_findings = 0;
  KnownMet known = {};              // from the ledger
  std::set<std::string> past = {};  // keys that CampaignOptions::past made it ignore
};

// Sums over all campaigns in the folder on this variant. A killed campaign counts up to the last
// time that it saved them.
struct Totals {
  unsigned runs = 0;
  double seconds = 0;
  uint64_t executions = 0;
};

struct Progress {
  std::chrono::milliseconds elapsed{0};
  std::optional<std::chrono::milliseconds> time = {};  // limit on elapsed
  bool running = true;
  std::vector<TargetProgress> targets;
  std::map<std::string, size_t> inputs_by_key;  // per finding
  Totals totals;                                // includes this campaign
  bool interrupted = false;
  std::vector<std::string> troubles = {};  // such as an engine that cannot start
};

// The union over all targets.
KnownMet known_met(const Progress& progress);

// Called regularly, and with the finding for each new finding.
using OnProgress = std::function<void(const Progress&, const StoredFinding*)>;

struct CampaignResult {
  Progress progress;
  std::vector<StoredFinding> findings;     // sorted by severity, worst first
  std::vector<StoredFinding> differences;  // from the port; no promise is broken
  std::vector<std::string> gone;  // keys of earlier findings that the variant no longer shows
};

// Runs until the time is over or a signal requests the end (InterruptGuard). Writes to options.out:
// corpus/ and logs/ per target, crashes/ per variant and target, findings/ per key, summary.json
// (summary.h, at most a minute old) and progress.jsonl (course.h). Earlier findings in the folder
// that still show count from the start. Throws Failure, also if no engine can start.
CampaignResult run_campaign(const CampaignOptions& options, const OnProgress& on_progress);

}  // namespace tool
