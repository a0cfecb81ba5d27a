// SPDX-License-Identifier: GPL-2.0-only
// Findings on disk: one folder per key, below findings/, or below differences/ if no promise is
// broken, with
// program.iova   the smallest program that shows it, and what that program needs
// report.txt     for people; report.json for programs
// reproducer.c   the same without an engine, if C can express it (triage/reproducer.cc compiles it)
// input.bin      the first input that showed it ("input" if the target reads text); missing if it
//                was a text that bytes cannot hold
// inputs/        all inputs that showed it, named by content hash
// confirm.json   the answer of a booted kernel, after triage/confirm.cc
// report.json is written last: a folder without it is incomplete and is written again.
#pragma once

#include <sys/types.h>

#include <deque>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "engine/ledger.h"
#include "fuzz/target.h"
#include "tool/replay/isolate.h"
#include "tool/replay/judge.h"
#include "tool/support/json.h"

namespace tool {

struct StoredFinding {
  std::string key;
  Standing standing;
  std::string target;
  uint64_t executions = 0;       // of the target's process until it met this; 0: unknown
  size_t inputs = 0;             // number of inputs that showed it
  unsigned shown = 0, runs = 0;  // the first input showed it in `shown` of `runs` runs
  bool is_difference = false;    // comes from the reference; no promise is broken
  bool is_minimal = false;
  bool is_earlier = false;          // found by an earlier process
  std::vector<std::string> needed;  // what the program needs, see Minimized
  std::string operands;             // see Minimized
  std::vector<std::string> also;    // keys shown by smaller programs, kept in also/
  std::filesystem::path folder;
  std::filesystem::path reproducer;  // program.iova, or input
  std::string replay;                // command that replays it
  Outcome outcome;                   // of the smallest program
};

// The fields common to every JSON output: key, standing, severity, how often the finding showed,
// what its program needs.
json facts_of(const StoredFinding& finding);

// Result of replaying an input that an engine left.
struct TakenInput {
  const StoredFinding* new_finding;  // NULL unless the key is new to this store
  std::string key;  // "unreproduced:<target>" if nothing shows; "" if that is no finding
};

// The findings that are already in a folder, each with the name of the variant that showed it.
// Throws Failure.
std::vector<std::pair<StoredFinding, std::string>> stored_findings(
    const std::filesystem::path& out);

// confirm.json in a finding's folder holds the answer of a booted kernel. Does nothing if the file
// is not in such a folder. Throws Failure.
void leave_beside_finding(const std::filesystem::path& file, const json& confirmation);
json confirmation_of(const StoredFinding& finding);  // null if there is none

struct StoreOptions {
  bool use_ledger = true;                   // ignore the variant's known findings
  std::vector<std::string> forgotten = {};  // ledger ids to treat as new
  std::vector<std::string> past = {};       // further keys and oracles to ignore
  // Also store inputs that show only a known finding. Otherwise take() returns their key and writes
  // nothing.
  bool keep_known = false;
  unsigned times = 1;  // runs of the first input of a finding
  int timeout_ms = 25'000;
  // Limit on executions for minimizing a finding's program; 0: do not minimize.
  uint64_t minimize_executions = 0;
  // Leave minimization to make_smaller_beside(); take() skips it.
  bool minimize_beside = false;
  // If an interrupt stops minimization, do not store the finding; the next run stores it.
  bool whole = false;
};

class FindingStore {
 public:
  ~FindingStore();
  FindingStore(const FindingStore&) = delete;
  // The store is below the folder out. Existing findings stay; findings with the same key are
  // overwritten.
  FindingStore(std::filesystem::path out, const TestedVariant& tested, const StoreOptions& options);

  // Loads the findings that are already in the folder.
  void load();
  // Loads those that the variant still shows. Returns the keys of the rest.
  std::vector<std::string> load_what_shows();
  // Copies the input into the folder of its finding before it returns.
  TakenInput take(const Input& input, const fuzz::Target& target, uint64_t executions,
                  const std::string& log, bool must_show = false);
  // For an input whose key is already known. Returns false unless the key was found before.
  bool take_found(const Input& input, const std::string& key);
  // Other campaigns found these keys: ignore them from now on.
  void leave_to_others(const std::set<std::string>& keys);
  const std::vector<StoredFinding>& findings() const { return findings_; }
  // Minimizes the programs that take() skipped in a child process, one finding at a time. Call it
  // regularly; it returns at once. Sets gone to the key of a finding that turned out to be another
  // finding and was removed. Returns false if nothing is left to do.
  bool make_smaller_beside(std::string* gone);
  // The ledger entry of the key. NULL if there is none or the ledger is not used.
  const engine::KnownFinding* known(const std::string& key) const;
  // Whether StoreOptions::past has the key or its oracle.
  bool is_past(const std::string& key) const;
  // File of keys for a target to ignore: known issues and the findings so far.
  std::filesystem::path known_file() const { return folder_ / "known.txt"; }

 private:
  TakenInput take_once(const Input& input, const fuzz::Target& target, uint64_t executions,
                       const std::string& log, bool must_show);
  std::vector<std::string> found_keys() const;  // keys, oracles of differences, and other_names_
  StoredFinding* find(const std::string& key);
  StoredFinding make(const std::string& key, const Input& input, const fuzz::Target& target,
                     Outcome outcome, program::Program* smallest);
  static void add_input(StoredFinding& finding, const Input& input);
  // Fills in the fields that depend on the key.
  void place(StoredFinding& finding, const fuzz::Target& target) const;
  struct Large {
    std::string key;
    Input input;
    const fuzz::Target* target;
  };
  // Runs in the worker. Returns the key after minimization.
  std::string finish(const Large& large);
  void start(const Large& large);
  // Books the worker's result. Returns the key of the removed finding, or "".
  std::string book(const std::string& was, const std::string& key);
  void make_smaller(StoredFinding& finding, const fuzz::Target& target,
                    program::Program* program) const;
  void write(const StoredFinding& finding, const Input& input, const fuzz::Target& target,
             const program::Program& smallest) const;
  void write_c_source(const StoredFinding& finding, const program::Program& smallest) const;
  void write_report(StoredFinding finding, const std::string& log) const;
  void write_known() const;

  // The folder for a key.
  std::filesystem::path folder_of(const std::string& key) const;
  bool is_difference(const std::string& key) const;
  // Of the ledger, or gone past: no finding of this store.
  bool is_of_others(const std::string& key) const;

  std::filesystem::path folder_;
  std::filesystem::path differences_;
  TestedVariant tested_;
  StoreOptions options_;
  Judge judge_;
  std::vector<StoredFinding> findings_;
  // Keys to ignore: programs with these keys minimize to a known or stored finding, or another
  // campaign found them.
  std::set<std::string> other_names_;
  std::deque<Large> large_;  // worker_, if it runs, minimizes the first
  pid_t worker_ = 0;
  int answer_ = -1;  // pipe from the worker
};

}  // namespace tool
