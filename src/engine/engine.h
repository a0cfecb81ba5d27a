// SPDX-License-Identifier: GPL-2.0-only
// Runs a program on a variant under all oracles.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/moment.h"
#include "iova/variant.h"
#include "program/program.h"
#include "shim/fault.h"
#include "shim/finding.h"
#include "shim/footprint.h"

namespace engine {

// An allocation attempt of an operation of the program.
struct FaultPoint {
  size_t operation, attempt;  // indices from 0
  // All later attempts fail too, to the end of the program: memory has run out.
  bool is_first_of_all = false;
};

// The result of one operation.
struct Step {
  size_t operation;     // index in the program; program.operations.size() for the end
  bool skipped;         // to keep the callers' duties
  std::string outcome;  // the returned value, or the reason for the skip
  std::string state;    // the allocator's state after it, in short; only with Options::always_check
  std::span<const shim::Attempt> attempts;
  uint64_t steps;            // moves and removals in the tree (shim/cost.h)
  uint64_t longest_stretch;  // most steps with interrupts off, without a pause
  uint64_t handler_steps;    // most steps in one timer or work handler, its pauses included
  size_t ranges;             // in use after the operation, in all domains
  unsigned cpu;              // on which it ran; for a resume, the CPU of the resumed operation
  unsigned suspended_on;     // a bit for each CPU with suspended operations afterwards
};

// The memory that an operation touched, stretch by stretch. A stretch ends at each scheduling point
// (shim/context.h), and where a resumed or awaited operation continues.
struct Footprints {
  struct Stretch {
    shim::Footprint touched;
    size_t owner;  // the operation to which it belongs
    unsigned cpu;
    bool at_point;  // it begins at a scheduling point of its owner
  };
  struct OfOperation {
    std::vector<Stretch> stretches;
    bool skipped = false;
    bool hindered = false;   // skipped because its caller would wait for a suspended operation
    bool suspended = false;  // its own pause suspended it
    // Scheduling points of the operation, or of the one that it resumes: the places for a pause.
    size_t points() const;
  };
  std::vector<OfOperation> operations;  // of the program, up to the last one reached
};

struct Traced;

struct Options {
  // Attempts that fail in addition to those chosen by the program's `fail` operations.
  std::span<const FaultPoint> faults = {};
  // Keys of findings, or ids of oracles, to record and continue past. If the world is inconsistent
  // after one, the run ends.
  std::span<const std::string> known = {};
  // A key or an oracle's id: all other findings count as known. If the process must die of one of
  // them, it exits with status 0.
  std::string_view only = {};
  // Called with the key of an unknown finding that need not end the process. True keeps the
  // finding, and the run treats it as known.
  bool (*keep)(const std::string& key) = nullptr;
  // Called for every finding, whatever happens to it.
  void (*on_finding)(const shim::Finding& finding) = nullptr;
  // Report differences that break no promise, even on a variant that is not strict. Otherwise the
  // run continues past them.
  bool tell_differences = false;
  // Continue past all recoverable findings, for comparisons of traces: the trace has the findings.
  bool past_all = false;
  // Suspend nothing: two compared allocators have different scheduling points.
  bool in_sequence = false;
  // For comparisons: the views that both allocators have (iova/variant.h). If they are fewer than
  // the models need, the designs differ: the trace has only answers and these views, the models are
  // off, and no allocation fails, since each design makes its own.
  unsigned views = ~0u;
  // Jiffies a second, unless the variant is built for a fixed number; 0: the default.
  unsigned hz = 0;
  // For comparisons: bits of ignored::Aspect (tracer.h) that the trace leaves out; `traced`, if not
  // NULL, receives the trace as text, which is slow.
  unsigned ignored = 0;
  std::vector<Traced>* traced = nullptr;
  // Look at the full state after every operation and call instead of now and then. A finding causes
  // a repeated run with such looks in any case.
  bool always_check = false;
  // Report data races, if the variant is compiled for it (shim/races.h). Slow.
  bool watch_races = false;
  // A finding ends the run, not the process, unless a sanitizer's report makes the process die.
  bool survives_findings = false;
  // Filled in if not NULL. The allocator's accesses are recorded only with watch_races.
  Footprints* footprints = nullptr;
  size_t footprints_from = 0;  // the first operation to record
  // Called after every operation, for people. Slow.
  void (*on_step)(const Step& step) = nullptr;
  // Called after a finding's report with the state before the faulty operation or call, and now:
  // first by the callers' books alone, then with the allocator's views. For people; slow.
  void (*on_moments)(const Moment& before, const Moment& now) = nullptr;
};

struct Result {
  uint64_t trace_hash;                 // of the whole run
  std::vector<uint64_t> traces;        // after each operation, and the end
  std::vector<size_t> attempts;        // attempts made by each operation
  std::vector<uint64_t> costs;         // longest_stretch of each operation
  std::vector<std::string> known_met;  // keys of known findings met, once each
  bool reported;  // the run ended with a finding, without the checks of its end
};

// Runs a program. Every run starts in a freshly booted world and depends on its arguments only. At
// its end, what the program left is torn down: domains are put, references dropped. A finding that
// the run does not continue past is reported (report.h) and ends the process, or only the run
// (survives_findings). Nothing continues past a sanitizer's report.
// The result is valid until the next run.
const Result& run(const iova_variant& variant, const program::Program& program,
                  const Options& options = {});

}  // namespace engine
