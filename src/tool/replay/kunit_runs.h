// SPDX-License-Identifier: GPL-2.0-only
// Cases of KUnit suites, each run in a process and a world of its own, with allocations that fail.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tool/variants/kunit_module.h"

namespace tool {

// A case with one of its parameters.
struct KunitCase {
  size_t suite, index, parameter;
  std::string name, description;  // "" without parameters
  // "case", or "case[description]".
  std::string title() const;
};

struct KunitRun {
  const KunitCase* test_case;
  // Of the attempts to allocate that the run makes, counted from 0, the first and the last that
  // fail, if any: those of the allocator, not the suite's own.
  std::optional<std::pair<size_t, size_t>> failing = {};
};
inline constexpr size_t to_the_end = SIZE_MAX;

struct KunitOutcome {
  enum Kind {
    passed,
    skipped,
    failed,   // an expectation, or init
    misuse,   // by the suite itself: its own memory, its own calls
    finding,  // of the allocator: a rule of the shim, or a sanitizer's report
    crash,    // without a report: whose doing, nobody knows
    timeout,
  } kind = passed;
  std::string why;               // of all but passed, in a line
  std::vector<std::string> log;  // what the case said
  // Of a finding or a misuse.
  std::string key;    // oracle:function:case:function whose allocation failed, or none
  std::string cause;  // the same without the case: what is found in several is one finding
  std::string where, values;
  std::string known;  // id of the ledger's entry that it is
  std::string fault;  // the first attempt that failed
  // Every attempt that the allocator made: its number, and the index of its place in places.
  std::vector<std::pair<size_t, size_t>> attempts;
  std::vector<std::string> places;

  bool is_good() const { return kind == passed || kind == skipped; }
  // Of the allocator, as far as can be told.
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
  // All of them, in order. Throws Failure.
  std::vector<KunitCase> cases() const;
  // In their order; on_outcome is called in the order of their ends.
  std::vector<KunitOutcome> run(
      const std::vector<KunitRun>& runs,
      const std::function<void(size_t, const KunitOutcome&)>& on_outcome =
          [](size_t, const KunitOutcome&) {}) const;

 private:
  [[noreturn]] void run_here(const KunitRun& run) const;

  KunitModule module_;
  KunitOptions options_;
};

// The runs that a case is asked for once more: each attempt of the outcome fails alone, then with
// all that come after it. Of more than `most` attempts, as many from each place as from the others,
// evenly spread.
std::vector<KunitRun> kunit_fault_runs(const KunitCase& test_case, const KunitOutcome& outcome,
                                       size_t most);

}  // namespace tool
