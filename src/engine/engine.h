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

// One allocation attempt of one operation of the program.
struct FaultPoint {
  size_t operation, attempt;  // indices from 0
  // So does all that is tried after it, to the end of the program: memory has run out.
  bool is_first_of_all = false;
};

// What one operation did.
struct Step {
  size_t operation;     // index in the program; program.operations.size() for the end
  bool skipped;         // to keep the allocator's contract
  std::string outcome;  // what it returned, or why it was skipped
  std::string state;    // of the allocator after it, in a few words; if Options::always_check
  std::span<const shim::Attempt> attempts;
  uint64_t steps;            // through the tree (shim/cost.h)
  uint64_t longest_stretch;  // most of them with interrupts off, without a pause
  uint64_t handler_steps;    // most of them in one handler of a timer or of work, with its pauses
  size_t ranges;             // in use after it, in all domains
  unsigned cpu;              // it ran on; of what is resumed, that one's
  unsigned suspended_on;     // CPUs with suspended operations after it, a bit each
};

// What an operation of the program touched, stretch by stretch: a stretch ends at each scheduling
// point (shim/context.h), and where another operation goes on that is resumed or waited for.
struct Footprints {
  struct Stretch {
    shim::Footprint touched;
    size_t owner;  // the operation that it is part of
    unsigned cpu;
    bool at_point;  // it begins at a scheduling point of that one
  };
  struct OfOperation {
    std::vector<Stretch> stretches;
    bool skipped = false;
    bool hindered = false;   // skipped, since its caller has to wait for what is suspended
    bool suspended = false;  // by its own pause, in the end
    // Of the operation that it is, or that it resumes: a pause can be at as many.
    size_t points() const;
  };
  std::vector<OfOperation> operations;  // of the program; none of those that were not reached
};

struct Traced;

struct Options {
  // Attempts that fail besides those that the program's own fail operations choose.
  std::span<const FaultPoint> faults = {};
  // Keys of findings, or ids of oracles, to note and go past. Where the world is not sane after
  // one, the run ends with it.
  std::span<const std::string> known = {};
  // A key, or the id of an oracle: all other findings are gone past as if they were known. Where
  // the process would have to die of one, it ends with status 0.
  std::string_view only = {};
  // Told of what is not known, in the words of its key, where the process need not die of it. True
  // if the finding is kept: then it is gone past as if it were known.
  bool (*keep)(const std::string& key) = nullptr;
  // Told of every finding, whatever becomes of it.
  void (*on_finding)(const shim::Finding& finding) = nullptr;
  // What breaks no promise is a finding, on a variant that is not strict, too. Else it is gone
  // past.
  bool tell_differences = false;
  // Or all of them: what matters is then the trace, which has the findings too.
  bool past_all = false;
  // Nothing is suspended: of two allocators that are compared, the scheduling points are not the
  // same.
  bool in_sequence = false;
  // Of two allocators that are compared, the views of both (iova/variant.h). If those are not all
  // that the models know, they are of different designs: then the trace has what they answer and
  // these views, the models are not asked, and no allocation fails, since each has its own.
  unsigned views = ~0u;
  // Jiffies a second, where the variant is not built for a number of its own; 0: the usual.
  unsigned hz = 0;
  // Of two allocators that are compared, what the trace leaves out: bits of ignored::Aspect
  // (tracer.h); and what it has, in words, if not NULL. That costs time.
  unsigned ignored = 0;
  std::vector<Traced>* traced = nullptr;
  // Look at the whole state after every operation and call, not only now and then. A finding is
  // told where things went wrong first in any case: for it, the run is repeated so.
  bool always_check = false;
  // Tell of data races, where the variant is compiled for that (shim/races.h). Costs time.
  bool watch_races = false;
  // A finding ends the run and not the process, unless what it did to memory cannot be dropped.
  bool survives_findings = false;
  // Filled in, if not NULL; what the allocator accesses, only while races are watched.
  Footprints* footprints = nullptr;
  size_t footprints_from = 0;  // operation; those before it have none
  // Told of every operation once it is over, for people. Costs time.
  void (*on_step)(const Step& step) = nullptr;
  // Told of a finding after its report: how the domains stood before the operation or call at
  // fault, and now; first by the callers' books alone, then with what the allocator shows. For
  // people; costs time.
  void (*on_moments)(const Moment& before, const Moment& now) = nullptr;
};

struct Result {
  uint64_t trace_hash;                 // of the whole run
  std::vector<uint64_t> traces;        // after each operation, and the end
  std::vector<size_t> attempts;        // how many each operation of the program made
  std::vector<uint64_t> costs;         // longest stretch of each, as in Step
  std::vector<std::string> known_met;  // keys of known findings gone past, once each
  bool reported;                       // it ended with a finding that it survived; no end was made
};

// Every run starts from a world just booted and depends on nothing but its arguments. What the
// program left is torn down at its end: domains put, references dropped. A finding that is not gone
// past is reported (report.h) and ends the process, or the run alone (survives_findings).
// Sanitizers and contexts that others started leave no way to go past what is not recoverable.
// The result is valid until the next run.
const Result& run(const iova_variant& variant, const program::Program& program,
                  const Options& options = {});

}  // namespace engine
