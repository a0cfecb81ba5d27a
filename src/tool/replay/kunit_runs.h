// SPDX-License-Identifier: GPL-2.0-only
// Runs cases of KUnit suites, each in its own process and world, with allocations that fail.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tool/variants/kunit_module.h"

namespace tool {

// A test case with one of its parameters.
struct KunitCase {
  size_t suite, index, parameter;
  std::string name, description;  // "" without parameters
  // "case", or "case[description]".
  std::string title() const;
};

struct KunitRun {
  const KunitCase* test_case;
  // The first and the last attempt to allocate that fail, if any, counted from 0 over all attempts
  // of the run. Attempts of the suite's own code do not fail.
  std::optional<std::pair<size_t, size_t>> failing = {};
};
inline constexpr size_t to_the_end = SIZE_MAX;

struct KunitOutcome {
  enum Kind {
    passed,
    skipped,
    failed,   // an expectation failed, or init did
    misuse,   // the suite is at fault: its own memory, its own calls
    finding,  // the allocator is at fault: a rule of the shim, or a sanitizer's report
    crash,    // no report: the culprit is unknown
    timeout,
  } kind = passed;
  std::string why;               // one line; empty if passed
  std::vector<std::string> log;  // messages of the case
  // For a finding or a misuse:
  std::string key;    // oracle:function:case:function whose allocation failed, or none
  std::string cause;  // the key without the case: cases with equal causes are one finding
  std::string where, values;
  std::string known;  // id of its ledger entry
  std::string fault;  // the first attempt that failed
  // Every attempt to allocate by the allocator: its number, and the index of its place in places.
  std::vector<std::pair<size_t, size_t>> attempts;
  std::vector<std::string> places;

  bool is_good() const { return kind == passed || kind == skipped; }
  // Whether the allocator is at fault, as far as known.
  bool is_finding() const { return kind == finding || kind == crash || kind == timeout; }
};
const char* name(KunitOutcome::Kind kind);

struct KunitOptions {
  unsigned cpus = 2;
  unsigned jobs = 1;  // processes at a time
  int timeout_ms = 25'000;
};

class KunitRunner {
 public:
  KunitRunner(KunitModule module, const KunitOptions& options)
      : module_(std::move(module)), options_(options) {}

  const KunitModule& module() const { return module_; }
  // All cases, in order. Throws Failure.
  std::vector<KunitCase> cases() const;
  // Outcomes in the order of runs; on_outcome is called as they end.
  std::vector<KunitOutcome> run(
      const std::vector<KunitRun>& runs,
      const std::function<void(size_t, const KunitOutcome&)>& on_outcome =
          [](size_t, const KunitOutcome&) {}) const;

 private:
  [[noreturn]] void run_here(const KunitRun& run) const;

  KunitModule module_;
  KunitOptions options_;
};

// The runs that repeat a case with failures: each attempt of the outcome fails alone, then with all
// attempts after it. Of more than `most` attempts, takes an equal share from each place, evenly
// spread.
std::vector<KunitRun> kunit_fault_runs(const KunitCase& test_case, const KunitOutcome& outcome,
                                       size_t most);

}  // namespace tool
