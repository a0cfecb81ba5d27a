// SPDX-License-Identifier: GPL-2.0-only
// The findings of a campaign on disk: a folder for each key with report.txt, program.iova and all
// inputs that showed it. An input leaves the engine's folder only when its finding is complete, so
// that a tool killed at any moment loses none.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "triage/isolate.h"

namespace triage {

struct StoredFinding {
  std::string key;
  std::string target;
  uint64_t executions;  // of the target's process, when it was first met; 0 if not known
  size_t inputs;        // that showed it
  std::filesystem::path folder;
  std::filesystem::path reproducer;  // the program as text
  std::string replay;   // the command that shows it again
  Outcome outcome;      // of its first input
};

class FindingStore {
 public:
  // Inputs are replayed on the variant.
  FindingStore(std::filesystem::path folder, const iova_variant& variant, std::string replay_options);

  // Takes in an input that an engine left. Returns the finding if its key is new to this campaign.
  const StoredFinding* take(const std::filesystem::path& input, const std::string& target,
                            uint64_t executions, const std::string& log);
  const std::vector<StoredFinding>& findings() const { return findings_; }
  // Keys that a target can go past, in a file for it to read.
  std::filesystem::path known_file() const { return folder_ / "known"; }

 private:
  void write_known() const;

  std::filesystem::path folder_;
  const iova_variant& variant_;
  std::string replay_options_;
  std::vector<StoredFinding> findings_;
};

}  // namespace triage
