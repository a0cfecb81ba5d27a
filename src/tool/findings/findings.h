// SPDX-License-Identifier: GPL-2.0-only
// Findings on disk: a folder for each key, below findings/ or, of what breaks no promise,
// differences/, with
//   program.iova   the smallest program that shows it, with what it needs
//   report.txt     for people; report.json for programs
//   reproducer.c   the same without an engine, if C can say it (triage/reproducer.cc compiles it)
//   input.bin      the first input that showed it (input, where that is no program)
//   inputs/        all of them, by a hash of what they hold
//   confirm.json   what a booted kernel said, if it was asked (triage/confirm.cc)
// report.json comes last: a folder without it was not finished, and is written again.
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
  uint64_t executions = 0;       // of the target's process, when it was first met; 0 if not known
  size_t inputs = 0;             // that showed it
  unsigned shown = 0, runs = 0;  // the first of them, in so many of so many runs
  bool is_difference = false;    // from the reference; no promise is broken
  bool is_minimal = false;
  bool is_earlier = false;          // found by an earlier process
  std::vector<std::string> needed;  // by the program: Minimized
  std::string operands;             // the same
  std::vector<std::string> also;    // keys that smaller programs showed; they are in also/
  std::filesystem::path folder;
  std::filesystem::path reproducer;  // program.iova, or input
  std::string replay;                // the command that shows it again
  Outcome outcome;                   // of the smallest program
};

// What stands of it wherever it is told of as JSON: key, standing, severity, how often it showed,
// what its program needs.
json facts_of(const StoredFinding& finding);

// What an input that an engine left turned out to show.
struct TakenInput {
  const StoredFinding* new_finding;  // NULL unless its key is new to this store
  std::string key;  // "unreproduced:<target>" if it shows nothing; "" if that is no finding
};

// The findings that a folder has from before, with the variant that each was found on. Throws
// Failure.
std::vector<std::pair<StoredFinding, std::string>> stored_findings(
    const std::filesystem::path& out);

// What a booted kernel said of a finding, in its folder: confirm.json. A file that is of no finding
// is left alone. Throws Failure.
void leave_beside_finding(const std::filesystem::path& file, const json& confirmation);
json confirmation_of(const StoredFinding& finding);  // null: none

struct StoreOptions {
  bool use_ledger = true;                   // what is known of the variant is gone past
  std::vector<std::string> forgotten = {};  // ids of the ledger that are not known after all
  std::vector<std::string> past = {};       // keys and oracles to go past besides
  // What shows nothing but a known finding gets a finding's folder, too. Else it is not this
  // store's: take() returns its key, and writes nothing.
  bool keep_known = false;
  unsigned times = 1;  // runs of the first input of a finding
  int timeout_ms = 25'000;
  // To make a finding's program smaller; 0: not at all.
  uint64_t minimize_executions = 0;
  // Not by take(), but beside it: see make_smaller_beside().
  bool minimize_beside = false;
  // A finding whose program an interrupt keeps large is left to the next time.
  bool whole = false;
};

class FindingStore {
 public:
  ~FindingStore();
  FindingStore(const FindingStore&) = delete;
  // Below the folder out. What is there already is kept, but for the same keys.
  FindingStore(std::filesystem::path out, const TestedVariant& tested, const StoreOptions& options);

  // Takes in what is there from before as findings of this store.
  void load();
  // The same of what still shows on the variant. Returns the keys of the rest.
  std::vector<std::string> load_what_shows();
  // When it returns, a copy of the input is in its finding's folder.
  TakenInput take(const Input& input, const fuzz::Target& target, uint64_t executions,
                  const std::string& log, bool must_show = false);
  // Of an input whose finding is named already. False unless that is found.
  bool take_found(const Input& input, const std::string& key);
  // Found by somebody else: no finding of this store, and gone past.
  void leave_to_others(const std::set<std::string>& keys);
  const std::vector<StoredFinding>& findings() const { return findings_; }
  // What take() left large is made smaller in a process of its own, one finding after another. Call
  // it now and then; it returns at once. Fills in the key of a finding that turned out to be
  // another's and is gone. Returns false once nothing is left to do.
  bool make_smaller_beside(std::string* gone);
  // The entry of the ledger, if that is used, or NULL.
  const engine::KnownFinding* known(const std::string& key) const;
  // Of StoreOptions::past.
  bool is_past(const std::string& key) const;
  // Keys that a target can go past, in a file for it to read: of the ledger and found so far.
  std::filesystem::path known_file() const { return folder_ / "known.txt"; }

 private:
  TakenInput take_once(const Input& input, const fuzz::Target& target, uint64_t executions,
                       const std::string& log, bool must_show);
  std::vector<std::string> found_keys() const;  // and oracles of differences, and other names
  StoredFinding* find(const std::string& key);
  StoredFinding make(const std::string& key, const Input& input, const fuzz::Target& target,
                     Outcome outcome, program::Program* smallest);
  static void add_input(StoredFinding& finding, const Input& input);
  // What follows from its key.
  void place(StoredFinding& finding, const fuzz::Target& target) const;
  struct Large {
    std::string key;
    Input input;
    const fuzz::Target* target;
  };
  // In the process that does it. Returns the key that it came to.
  std::string finish(const Large& large);
  void start(const Large& large);
  // Of what the process came to. Returns the key that is gone, or "".
  std::string book(const std::string& was, const std::string& key);
  void make_smaller(StoredFinding& finding, const fuzz::Target& target,
                    program::Program* program) const;
  void write(const StoredFinding& finding, const Input& input, const fuzz::Target& target,
             const program::Program& smallest) const;
  void write_c_source(const StoredFinding& finding, const program::Program& smallest) const;
  void write_report(StoredFinding finding, const std::string& log) const;
  void write_known() const;

  // Where a key has its folder.
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
  // Keys of programs that turned out, made smaller, to show what is known or found, which need not
  // be made smaller again; and keys that others found.
  std::set<std::string> other_names_;
  std::deque<Large> large_;  // the first is being made smaller while worker_ runs
  pid_t worker_ = 0;
  int answer_ = -1;  // pipe from the worker
};

}  // namespace tool
