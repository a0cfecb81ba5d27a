// SPDX-License-Identifier: GPL-2.0-only
// A fuzzing campaign: targets on a variant, with one engine or several, for a time, on some
// processors. Its folder holds all of it: it may be killed at any moment, and the next one with the
// same folder goes on.
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

// Where campaigns go that are given no folder: .campaign of the project.
std::filesystem::path usual_campaign_folder();
// The same; it is made if it is missing, and ignores itself. Throws Failure.
std::filesystem::path campaign_folder();

struct CampaignOptions {
  std::vector<const fuzz::Target*> targets;
  TestedVariant tested;
  std::string variant_folder;  // of a build's bin/
  // By engine: the folder of the targets' build. They share each target's corpus.
  std::map<Engine, std::filesystem::path> builds{{Engine::libfuzzer, build_folder()}};
  std::optional<std::chrono::milliseconds> time;  // none: until interrupted
  unsigned jobs = 1;                              // processes at a time
  unsigned seed = 1;
  unsigned input_timeout = 25;                   // seconds
  unsigned memory = 2560;                        // MB, of a process
  std::vector<std::string> engine_options = {};  // in the engine's own words
  bool first = false;                            // stop at the first new finding
  bool seeds = true;                             // else from an empty corpus
  bool ledger = true;                            // go past known findings; else they are new
  std::vector<std::string> forgotten;            // ids of known findings that are new nevertheless
  std::vector<std::string> past = {};            // keys and oracles to go past besides
  uint64_t minimize_executions = 0;              // to make a finding's program smaller
  bool stock_mutators = false;  // the engine's own, on bytes, instead of by operation
  uint64_t least_space = 0;     // bytes that stay free on the disk: else the campaign ends
  std::filesystem::path out;
  std::filesystem::path shared = {};  // with others, of which out is a part (shared.h); or ""
};

// Known findings, by their id, with the keys that they were met as.
using KnownMet = std::map<std::string, std::set<std::string>>;

// A target with an engine.
struct TargetProgress {
  const fuzz::Target* target;
  Engine engine;
  bool running = false;
  bool failed = false;  // its engine cannot start
  double ran = 0;       // seconds in which at least one process was running
  uint64_t executions = 0;
  double executions_per_second = 0;       // while it was running
  double cpu_seconds = 0;                 // of the processes that have ended
  uint64_t coverage = 0;                  // of the engine: its edges
  uint64_t corpus = 0;                    // of the engine: inputs that it keeps
  std::optional<double> stability = {};   // percent, as AFL++ tells it
  std::chrono::milliseconds last_new{0};  // of the campaign's time: when either grew
  double quiet = 0;                       // seconds since then in which it was running
  size_t new_findings = 0;
  KnownMet known = {};              // of the ledger
  std::set<std::string> past = {};  // keys that were gone past as somebody asked
};

// Of all campaigns of a folder on a variant. A killed one counts as far as it had told.
struct Totals {
  unsigned runs = 0;
  double seconds = 0;
  uint64_t executions = 0;
};

struct Progress {
  std::chrono::milliseconds elapsed{0};
  std::optional<std::chrono::milliseconds> time = {};  // limit of elapsed
  bool running = true;
  std::vector<TargetProgress> targets;
  std::map<std::string, size_t> inputs_by_key;  // of findings
  Totals totals;                                // this one included
  bool interrupted = false;
  std::vector<std::string> troubles = {};  // what could not be started, with its last words
};

// Of all targets.
KnownMet known_met(const Progress& progress);

// Called now and then, and with the finding whenever there is a new one.
using OnProgress = std::function<void(const Progress&, const StoredFinding*)>;

struct CampaignResult {
  Progress progress;
  std::vector<StoredFinding> findings;     // the worst first
  std::vector<StoredFinding> differences;  // from the port, that break no promise
  std::vector<std::string> gone;  // keys of earlier findings that do not show on the variant
};

// Runs until the time is over, or a signal asks for the end (InterruptGuard). Everything found is
// in options.out: corpus/ and logs/ by target, crashes/ by variant and target, findings/ by key;
// summary.json (summary.h) is at most a minute old, progress.jsonl (course.h) tells its course.
// Earlier findings there that still show are this campaign's from the start. Throws Failure, also
// if no engine can start.
CampaignResult run_campaign(const CampaignOptions& options, const OnProgress& on_progress);

}  // namespace tool
