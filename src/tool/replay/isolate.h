// SPDX-License-Identifier: GPL-2.0-only
// Runs programs in child processes: a sanitizer's report or a hang ends the child, and the tool
// goes on with the next program. Most findings leave nothing that the next run could see: the child
// survives them.
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

// A step, as it came from the child.
struct RecordedStep {
  size_t operation;
  bool skipped;
  std::string outcome;
  size_t attempts;
  std::vector<std::string> failed_attempts;
  std::string of_slab;  // of each attempt: '1' if it asks kmalloc() or a cache for an object
  uint64_t steps, longest_stretch, handler_steps;  // as in engine::Step
  size_t ranges;
  unsigned cpu, suspended_on;
};

// A call into the allocator or the shim, as it came from the child (reproducer/recorder.h).
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
  std::vector<size_t> attempts;          // if clean: how many each operation made
  std::vector<uint64_t> costs;           // if clean: the longest stretch of each
  std::optional<engine::Report> report;  // of a finding
  std::vector<std::string> known_met;    // keys of findings gone past
  std::vector<RecordedStep> steps;       // if asked for
  engine::Footprints footprints;         // if clean and asked for
  std::string log;                       // what the child wrote, unless clean
  // If asked for: what was called and, if an oracle of the engine tells it, what it all came to
  // (reproducer/reproducer.h).
  std::vector<RecordedCall> calls;
  uint64_t digest = 0;
  // If asked for, of a finding: how all stood before and at it, as JSON (support/moment_json.h).
  std::string moments;
  std::string words;  // of the watcher; none if the child died

  // The finding's key; "unknown" or "timeout" if the child died without one.
  std::string key() const;
  // Every attempt that was made, in order.
  std::vector<engine::FaultPoint> fault_points() const;
  // The program once more for each `every`-th of them: it fails alone, then with all after it.
  std::vector<Job> fault_jobs(const program::Program& program, size_t every = 1) const;
};

// What listens in the child while a run goes past all that can be gone past, and what it has to say
// of it once it is over.
struct Watcher {
  const iova_variant& (*variant)(const iova_variant& real);  // that is run in its place
  void (*on_finding)(const shim::Finding& finding);
  std::string (*words)();
  bool in_sequence = true;  // as in engine::Options
};

struct IsolateOptions {
  bool record = false;         // keep the steps
  bool record_calls = false;   // of a program with a finding
  bool moments = false;        // of a finding
  bool footprints = false;     // what operations touch
  size_t footprints_from = 0;  // from that one on
  const Watcher* watcher = nullptr;
  // If there is one: only whether it does the same is judged.
  const iova_variant* expected = nullptr;
  int timeout_ms = 25'000;              // for one program
  std::vector<std::string> known = {};  // keys of findings to go past
  bool tell_differences = false;        // as in engine::Options
  bool watch_races = true;              // likewise; what else a program shows does not hang on it
};

// A child that runs one program after another, and another child after what it does not survive.
class Isolated {
 public:
  explicit Isolated(const iova_variant& variant, IsolateOptions options = {});
  ~Isolated();
  Outcome run(const program::Program& program, std::vector<engine::FaultPoint> faults = {});

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Runs programs with their steps: one child a variant, which is kept for the next program.
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
// Of one program.
Outcome run_isolated(const iova_variant& variant, const program::Program& program,
                     const IsolateOptions& options = {});

// Without an allocator: what a check in a child reports, if anything that is not known.
Outcome check_isolated(const std::function<std::vector<engine::Report>()>& check,
                       const std::vector<std::string>& known);
// What a target that reads text makes of it.
Outcome check_text_isolated(const std::string& content, const std::vector<std::string>& known);

// Compares two allocators on programs that are made where they run: program number i of count by
// make(i). Several children share the numbers; all end with the first that meets a finding.
// ignored: what they need not do alike (engine::Options).
struct Comparison {
  uint64_t programs = 0;  // compared without a finding
  uint64_t number = 0;    // of the program that met one
  Outcome outcome;        // of that program, or clean
};
Comparison compare_isolated(const iova_variant& expected, const iova_variant& actual,
                            uint64_t count, unsigned children,
                            const std::function<program::Program(uint64_t number)>& make,
                            const std::function<void(uint64_t done)>& on_progress,
                            unsigned ignored = 0);

}  // namespace tool
