// SPDX-License-Identifier: GPL-2.0-only
#include "engine/compare.h"

#include <fmt/core.h>

#include "engine/run.h"

namespace engine {
namespace {

// A step as text, and the trace up to its end.
struct Record {
  uint64_t trace;
  std::string outcome, state;
  std::vector<std::string> attempts;
};

std::vector<Record>* recording;

std::vector<Record> record(const iova_variant& variant, const program::Program& program,
                           std::span<const FaultPoint> faults, unsigned views) {
  std::vector<Record> records;
  recording = &records;
  const Result& result = run(
      variant, program,
      {.faults = faults,
       .past_all = true,
       .in_sequence = true,
       .views = views,
       .always_check = true,
       .on_step = [](const Step& step) {
         Record record{0, step.outcome, step.state, {}};
         for (const shim::Attempt& attempt : step.attempts)
           record.attempts.push_back(shim::describe(attempt) + (attempt.failed ? ", failed" : ""));
         recording->push_back(std::move(record));
       }});
  recording = nullptr;
  for (size_t i = 0; i < records.size(); i++) records[i].trace = result.traces[i];
  return records;
}

std::string describe(const char* name, const Record& record, size_t attempt) {
  std::string text =
      fmt::format("{}: {}, {} allocation attempts", name,
                  record.outcome.empty() ? "done" : record.outcome, record.attempts.size());
  if (attempt < record.attempts.size())
    text += fmt::format(" ({}: {})", shim::ordinal(attempt), record.attempts[attempt]);
  return text + (record.state.empty() ? "" : "; " + record.state);
}

}  // namespace

std::optional<Difference> compare(const iova_variant& expected, const iova_variant& actual,
                                  const program::Program& program,
                                  std::span<const FaultPoint> faults) {
  static std::vector<uint64_t> expected_traces;  // keeps its memory
  const unsigned views = expected.views & actual.views;
  const Options options{.faults = faults, .past_all = true, .in_sequence = true, .views = views};
  expected_traces = run(expected, program, options).traces;
  const std::vector<uint64_t>& actual_traces = run(actual, program, options).traces;
  if (actual_traces == expected_traces) return std::nullopt;

  // Once more for people, now with a look at the whole state after every operation.
  std::vector<Record> a = record(expected, program, faults, views),
                      b = record(actual, program, faults, views);
  size_t at = 0;
  while (at + 1 < a.size() && a[at].trace == b[at].trace) at++;
  size_t attempt = 0;
  while (attempt < a[at].attempts.size() && attempt < b[at].attempts.size() &&
         a[at].attempts[attempt] == b[at].attempts[attempt])
    attempt++;
  return Difference{at, fmt::format("\n  {}\n  {}", describe(expected.name, a[at], attempt),
                                    describe(actual.name, b[at], attempt))};
}

const std::vector<std::string>& expect_same(const iova_variant& expected,
                                            const iova_variant& actual,
                                            const program::Program& program,
                                            const Options& options) {
  static std::vector<std::string> known_met;
  known_met.clear();
  if (auto difference = compare(expected, actual, program, options.faults))
    known_met = the_run().report_difference(difference->operation, difference->values, options);
  return known_met;
}

}  // namespace engine
