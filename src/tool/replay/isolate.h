// SPDX-License-Identifier: GPL-2.0-only
// Runs programs in child processes. A sanitizer's report or a hang ends the child; the tool
// continues with the next program in a new child. After most findings nothing is left that the next
// run could see, so the child survives them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "engine/report.h"

namespace tool {

struct Job {
  const program::Program* program;
  std::vector<engine::FaultPoint> faults;
};

// A step, as received from the child.
struct RecordedStep {
  size_t operation = 0;
  bool skipped = false;
  std::string outcome = {};
  size_t attempts = 0;
  std::vector<std::string> failed_attempts = {};
  std::string of_slab =
      {};  // a digit per attempt: '1' if it asks kmalloc() or a cache for an object
  uint64_t steps = 0, longest_stretch = 0, handler_steps = 0;  // as in engine::Step
  size_t ranges = 0;
  unsigned cpu = 0, suspended_on = 0;
};

// A call into the allocator or the shim, as received from the child (reproducer/recorder.h).
struct RecordedCall {
  std::string function;
  unsigned domain;
  uint64_t arguments[3];
  uint64_t result;
  size_t operation;
};

struct Outcome {
  enum Kind { clean, finding, crash, timeout } kind = clean;
  uint64_t trace_hash = 0;               // if clean
  std::vector<size_t> attempts;          // if clean: number of attempts of each operation
  std::vector<uint64_t> costs;           // if clean: longest stretch of each operation
  std::optional<engine::Report> report;  // of a finding
  std::vector<std::string> known_met;    // keys of known findings that were met
  std::vector<RecordedStep> steps;       // if options.record
  engine::Footprints footprints;         // if clean and options.footprints
  std::string log;                       // the child's stderr, unless clean
  // If options.record_calls, for a finding: the calls and, if an oracle of the engine found it, a
  // digest of results and state (reproducer/reproducer.h).
  std::vector<RecordedCall> calls;
  uint64_t digest = 0;
  // If options.moments, for a finding: the state before the call and at the finding, as JSON
  // (support/moment_json.h).
  std::string moments;
  std::string words;  // text of the watcher; empty if the child died

  // The finding's key; "unknown" or "timeout" if the child died without one.
  std::string key() const;
  // Every attempt that the run made, in order.
  std::vector<engine::FaultPoint> fault_points() const;
  // Jobs for every `every`-th attempt: it fails alone, then with all attempts after it.
  std::vector<Job> fault_jobs(const program::Program& program, size_t every = 1) const;
};

// Callbacks in the child during a run that continues past every finding, if possible, and the text
// that the child sends when the run is over.
struct Watcher {
  const iova_variant& (*variant)(const iova_variant& real);  // variant to run instead
  void (*on_finding)(const shim::Finding& finding);
  std::string (*words)();
  bool in_sequence = true;  // as in engine::Options
};

struct IsolateOptions {
  bool record = false;         // record steps
  bool record_calls = false;   // record calls of a program with a finding
  bool moments = false;        // record the moments of a finding
  bool footprints = false;     // record the memory that operations touch
  size_t footprints_from = 0;  // first operation with footprints
  const Watcher* watcher = nullptr;
  // If set, the run is compared with this allocator, and judged by nothing else.
  const iova_variant* expected = nullptr;
  int timeout_ms = 25'000;              // for one program
  std::vector<std::string> known = {};  // keys of known findings, which are not reported
  bool tell_differences = false;        // as in engine::Options
  bool watch_races = true;              // likewise; other findings do not depend on it
};

// Runs programs one after another in a child; starts a new child after a program that the old child
// did not survive.
class Isolated {
 public:
  explicit Isolated(const iova_variant& variant, IsolateOptions options = {});
  ~Isolated();
  Outcome run(const program::Program& program, std::vector<engine::FaultPoint> faults = {});

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Runs programs and records their steps. Has one child for each variant, which is kept for the next
// program.
class Recorder {
 public:
  explicit Recorder(IsolateOptions options = {}) : options_(std::move(options)) {
    options_.record = true;
  }
  Outcome run(const iova_variant& variant, const program::Program& program);

 private:
  IsolateOptions options_;
  std::map<const iova_variant*, Isolated> children_;
};

// Calls on_outcome(index, outcome) for each job, in order.
void run_isolated(const iova_variant& variant, const std::vector<Job>& jobs,
                  const IsolateOptions& options,
                  const std::function<void(size_t, const Outcome&)>& on_outcome);
// Runs one program.
Outcome run_isolated(const iova_variant& variant, const program::Program& program,
                     const IsolateOptions& options = {});

// Runs a check that needs no allocator in a child. The outcome has its first report that is not
// known.
Outcome check_isolated(const std::function<std::vector<engine::Report>()>& check,
                       const std::vector<std::string>& known);
// Checks a text as the targets that read text do.
Outcome check_text_isolated(const std::string& content, const std::vector<std::string>& known);

// Compares two allocators on `count` programs, which the children create by make(number). The
// children share the numbers; all end when one meets a finding. ignored: kinds of differences to
// ignore (engine::Options).
struct Comparison {
  uint64_t programs = 0;  // compared without a finding
  uint64_t number = 0;    // of the program with the finding
  Outcome outcome;        // of that program, or clean
};
Comparison compare_isolated(const iova_variant& expected, const iova_variant& actual,
                            uint64_t count, unsigned children,
                            const std::function<program::Program(uint64_t number)>& make,
                            const std::function<void(uint64_t done)>& on_progress,
                            unsigned ignored = 0);

}  // namespace tool
