// SPDX-License-Identifier: GPL-2.0-only
#include "engine/compare.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/run.h"

namespace engine {
namespace {

// What one allocator does at the first operation that differs.
struct Record {
  size_t operation;
  std::string step;
  std::vector<Traced> parts;
};
Record* recording;
std::vector<Traced> traced;  // of the current operation

Record record(const iova_variant& variant, const program::Program& program, Options options,
              size_t operation) {
  Record record{operation, "", {}};
  traced.clear();
  recording = &record;
  options.traced = &traced;
  options.on_step = [](const Step& step) {
    if (step.operation == recording->operation) {
      recording->step =
          fmt::format("{}, {} allocation attempts", step.outcome.empty() ? "done" : step.outcome,
                      step.attempts.size());
      if (!step.state.empty()) recording->step += "; " + step.state;
      recording->parts = traced;
    }
    traced.clear();
  };
  run(variant, program, options);
  recording = nullptr;
  return record;
}

// Describes the first difference, with each allocator's part. If the kinds of parts differ, names
// both; if one trace is at its end, says "nothing more".
std::string in_words(const char* expected, const Record& a, const char* actual, const Record& b) {
  size_t at = 0;
  while (at < a.parts.size() && at < b.parts.size() && a.parts[at] == b.parts[at]) at++;
  auto what = [&](const Record& record) {
    return at < record.parts.size() ? record.parts[at].what : "";
  };
  const bool is_same_kind = what(a) == what(b);
  auto line = [&](const char* name, const Record& record) {
    std::string part = "nothing more";
    if (at < record.parts.size())
      part = (is_same_kind ? "" : record.parts[at].what + ": ") + record.parts[at].value;
    return fmt::format("\n  {}: {}; {}", name, part, record.step);
  };
  return fmt::format("{} differs:{}{}", what(a).empty() ? what(b) : what(a), line(expected, a),
                     line(actual, b));
}

// Runs the program on both allocators, one after the other.
class Comparing {
 public:
  Comparing(const iova_variant& expected, const iova_variant& actual,
            const program::Program& program, std::span<const FaultPoint> faults, unsigned ignored)
      : expected_(expected), actual_(actual),
        program_(program), options_{
                               .faults = faults,
                               .past_all = true,
                               .in_sequence = true,
                               .views = expected.views & actual.views,
                               .hz = std::max(expected.hz, actual.hz),  // one of them may take any
                               .ignored = ignored} {}

  // Returns the operation at which they differ first.
  std::optional<size_t> find() {
    if (!part()) return std::nullopt;
    // Runs again with a full look after each operation, to find the first difference.
    options_.always_check = true;
    return part().value_or(program_.operations.size());
  }

  // Runs again, and describes the difference.
  std::string in_words(size_t operation) {
    const Record a = record(expected_, program_, options_, operation);
    const Record b = record(actual_, program_, options_, operation);
    return engine::in_words(expected_.name, a, actual_.name, b);
  }

 private:
  std::optional<size_t> part() {
    static std::vector<uint64_t> expected_traces;  // keeps its capacity
    expected_traces = run(expected_, program_, options_).traces;
    const std::vector<uint64_t>& traces = run(actual_, program_, options_).traces;
    if (traces == expected_traces) return std::nullopt;
    size_t at = 0, last = std::min(traces.size(), expected_traces.size()) - 1;
    while (at < last && traces[at] == expected_traces[at]) at++;
    return at;
  }

  const iova_variant &expected_, &actual_;
  const program::Program& program_;
  Options options_;
};

}  // namespace

std::optional<Difference> compare(const iova_variant& expected, const iova_variant& actual,
                                  const program::Program& program,
                                  std::span<const FaultPoint> faults, unsigned ignored) {
  Comparing comparing(expected, actual, program, faults, ignored);
  const std::optional<size_t> at = comparing.find();
  if (!at) return std::nullopt;
  return Difference{*at, comparing.in_words(*at)};
}

const std::vector<std::string>& expect_same(const iova_variant& expected,
                                            const iova_variant& actual,
                                            const program::Program& program,
                                            const Options& options) {
  static std::vector<std::string> known_met;
  known_met.clear();
  Comparing comparing(expected, actual, program, options.faults, options.ignored);
  if (const std::optional<size_t> at = comparing.find()) {
    // Words take longer than everything else, and nobody reads those of a known difference.
    const bool is_known = the_run().knows_difference(*at, options);
    known_met = the_run().report_difference(*at, is_known ? "" : comparing.in_words(*at), options);
  }
  return known_met;
}

}  // namespace engine
