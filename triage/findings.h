// SPDX-License-Identifier: GPL-2.0-only
// The findings of a campaign on disk: a folder for each key with report.txt, program.iova and all
// inputs that showed it. An input leaves the engine's folder only when its finding is complete, so
// that a tool killed at any moment loses none. Inputs that show nothing but known findings go to
// known/, by the id in the ledger.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/ledger.h"
#include "fuzz/target.h"
#include "triage/isolate.h"

namespace triage {

struct StoredFinding {
  std::string key;
  std::string target;
  uint64_t executions;  // of the target's process, when it was first met; 0 if not known
  size_t inputs;        // that showed it
  std::filesystem::path folder;
  std::filesystem::path reproducer;  // the program as text, or the input itself if it is text
  std::string replay;   // the command that shows it again
  Outcome outcome;      // of its first input
};

// What an input that an engine left turned out to show.
struct TakenInput {
  const StoredFinding* new_finding;  // NULL unless its key is new to this campaign
  std::string key;
};

// What inputs are replayed on.
struct TestedVariant {
  const iova_variant* variant;
  std::string replay_options;     // of replay, to choose it
  const iova_variant* expected;   // for targets that compare; or NULL
  std::string compare_command;    // that compares inputs, which follow it
};

class FindingStore {
 public:
  // Everything is in the folder out. With use_ledger, what is known of the variant is not new.
  FindingStore(std::filesystem::path out, const TestedVariant& tested, bool use_ledger);

  TakenInput take(const std::filesystem::path& input, const fuzz::Target& target,
                  uint64_t executions, const std::string& log);
  const std::vector<StoredFinding>& findings() const { return findings_; }
  // The entry of the ledger, if that is used, or NULL.
  const engine::KnownFinding* known(const std::string& key) const;
  // Keys that a target can go past, in a file for it to read: of the ledger and found so far.
  std::filesystem::path known_file() const { return folder_ / "known"; }

 private:
  std::vector<std::string> keys_to_go_past() const;
  // Of an input of the target; past the findings of the keys.
  Outcome replay_past(const std::vector<std::string>& known, const std::string& content,
                      const fuzz::Target& target) const;
  Outcome replay(const std::string& content, const fuzz::Target& target) const;
  void add(const std::string& key, const fuzz::Target& target, uint64_t executions,
           const std::string& content, const Outcome& outcome, const std::string& log);
  void write_known() const;

  std::filesystem::path folder_, known_folder_;
  TestedVariant tested_;
  bool use_ledger_;
  std::vector<StoredFinding> findings_;
};

}  // namespace triage
