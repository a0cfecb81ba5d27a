// SPDX-License-Identifier: GPL-2.0-only
// cost: finds the operation that keeps interrupts off longest, and how its cost grows with the
// ranges in use.
#include <fmt/core.h>

#include <algorithm>

#include "engine/ledger.h"
#include "tool/replay/input.h"
#include "tool/replay/isolate.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/json.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

using program::Operation;
using program::Program;

constexpr int timeout_ms = 600'000;  // per program; a costly program with many ranges takes minutes

struct Arguments {
  std::vector<std::string> files;
  std::vector<size_t> ranges{1000, 10'000, 100'000};
  VariantChoice choice;
  bool json = false;
};

// Returns false if the operation has no count.
bool set_count(Operation& operation, uint64_t calls) {
  int count = program::operand_index(operation.code, program::Role::count);
  if (count >= 0) operation.operands[count].number = calls;
  return count >= 0;
}

// Ignores known findings; other commands report them.
Outcome measure(const iova_variant& variant, const Program& program) {
  IsolateOptions options{
      .record = true, .timeout_ms = timeout_ms, .known = engine::known_keys(variant)};
  return run_isolated(variant, program, options);
}

// A program that ends with its costliest operation.
struct Candidate {
  Program program;
  uint64_t steps = 0;
  size_t ranges = 0;  // in use before that operation
  double ratio() const { return static_cast<double>(steps) / static_cast<double>(ranges + 1); }
};

Candidate costliest_beginning(const Program& program, const Outcome& outcome) {
  Candidate candidate;
  if (outcome.kind != Outcome::clean || outcome.costs.empty()) return candidate;
  auto most = std::max_element(outcome.costs.begin(), outcome.costs.end());
  size_t at = static_cast<size_t>(most - outcome.costs.begin());
  candidate.steps = *most;
  candidate.program.operations.assign(program.operations.begin(),
                                      program.operations.begin() + at + 1);
  for (const RecordedStep& step : outcome.steps)
    if (step.operation < at) candidate.ranges = step.ranges;
  return candidate;
}

// The timer or work handler that took the most steps.
struct Handler {
  std::string file;
  size_t operation = 0;
  uint64_t steps = 0, longest_stretch = 0;
};

Candidate costliest(const iova_variant& variant, const std::vector<Input>& inputs,
                    Handler& handler) {
  std::vector<Job> jobs;
  for (const Input& input : inputs) jobs.push_back({&input.program, {}});
  Candidate best;
  IsolateOptions options{
      .record = true, .timeout_ms = timeout_ms, .known = engine::known_keys(variant)};
  run_isolated(variant, jobs, options, [&](size_t index, const Outcome& outcome) {
    Candidate candidate = costliest_beginning(inputs[index].program, outcome);
    if (candidate.steps > best.steps) best = std::move(candidate);
    for (const RecordedStep& step : outcome.steps)
      if (step.handler_steps > handler.steps)
        handler = {inputs[index].path.string(), step.operation, step.handler_steps,
                   step.longest_stretch};
  });
  return best;
}

// Removes operations, last to first, while the steps per range stay above 90%, then tries to set
// the count of the costliest operation to 1.
void shrink(const iova_variant& variant, Candidate& best) {
  constexpr uint64_t enough_steps = 500;  // enough to distinguish growth from a constant
  const double enough = best.ratio() * 0.9;
  const uint64_t floor = std::min(best.steps, enough_steps);
  auto try_it = [&](Program program) {
    Candidate candidate = costliest_beginning(program, measure(variant, program));
    if (candidate.steps < floor || candidate.ratio() < enough) return false;
    best = std::move(candidate);
    return true;
  };
  for (bool again = true; again;) {
    again = false;
    for (size_t i = best.program.operations.size(); i-- > 0;) {
      if (i >= best.program.operations.size()) continue;
      Program without = best.program;
      without.operations.erase(without.operations.begin() + static_cast<ptrdiff_t>(i));
      again |= try_it(std::move(without));
    }
  }
  Program once = best.program;
  if (set_count(once.operations.back(), 1)) try_it(std::move(once));
}

// Multiplies all counts above one. A count that is too large is split over several operations.
Program scaled(const Program& program, double factor) {
  Program result;
  for (Operation operation : program.operations) {
    uint64_t calls = program::calls(operation);
    if (calls > 1)
      calls =
          std::max<uint64_t>(2, static_cast<uint64_t>(static_cast<double>(calls) * factor + 0.5));
    for (; calls > program::max_count_in_text; calls -= program::max_count_in_text) {
      set_count(operation, program::max_count_in_text);
      result.operations.push_back(operation);
    }
    set_count(operation, calls);
    result.operations.push_back(operation);
  }
  return result;
}

// Limits that keep the curve flat, if a count exceeds the capacity of a ring or of magazines.
std::vector<std::string> caps_of(const iova_variant& variant, const Program& program) {
  bool fills_ring = false, fills_magazines = false;
  for (const Operation& operation : program.operations) {
    uint64_t calls = program::calls(operation);
    fills_ring |= operation.code == program::OpCode::queue && variant.queue &&
                  calls >= variant.queue->entries;
    fills_magazines |=
        operation.code == program::OpCode::free_fast && calls > 2 * variant.magazine_pfns;
  }
  std::vector<std::string> caps;
  if (fills_ring)
    caps.push_back(fmt::format("a ring holds {} ranges: queueing more flushes them, so its "
                               "handler takes no more steps",
                               variant.queue->entries - 1));
  if (fills_magazines)
    caps.push_back(fmt::format("a CPU's magazines hold {} ranges of a size: further ranges go to "
                               "the depot or back to the tree",
                               2 * variant.magazine_pfns));
  return caps;
}

struct Point {
  size_t ranges;      // in use before the costliest operation
  uint64_t steps;     // 0: timeout or out of memory
  uint64_t repeated;  // steps per call if the operation is repeated
  Program program;
};

Point at(const iova_variant& variant, const Candidate& best, size_t ranges) {
  size_t base = std::max<size_t>(best.ranges, 1);
  double factor = static_cast<double>(ranges) / static_cast<double>(base);
  Program large = scaled(best.program, factor);
  Candidate found = costliest_beginning(large, measure(variant, large));
  Point point{found.ranges, found.steps, 0, large};
  constexpr uint64_t times = 16;
  if (found.steps && set_count(large.operations.back(), times)) {
    Outcome outcome = measure(variant, large);
    for (const RecordedStep& step : outcome.steps)
      if (step.operation + 1 == large.operations.size()) point.repeated = step.steps / times;
  }
  return point;
}

int cost(const Arguments& arguments) {
  const iova_variant& variant = arguments.choice.variant();
  std::vector<Input> inputs;
  for (const auto& file : expand(arguments.files)) inputs.push_back(read_input(file));
  Handler handler;
  Candidate best = costliest(variant, inputs, handler);
  if (best.program.operations.empty())
    throw Failure(fmt::format("no input runs to its end without a finding on {}", variant.name));
  uint64_t steps = best.steps;
  size_t ranges = best.ranges;
  shrink(variant, best);
  std::vector<Point> curve;
  for (size_t count : arguments.ranges) curve.push_back(at(variant, best, count));

  std::vector<std::string> caps;
  if (!curve.empty()) caps = caps_of(variant, curve.back().program);
  std::string text = program::print(best.program);
  if (arguments.json) {
    json points = json::array();
    for (const Point& point : curve)
      points.push_back({{"ranges", point.ranges},
                        {"steps", point.steps},
                        {"steps_when_repeated", point.repeated},
                        {"program", program::print(point.program)}});
    json result{{"variant", variant.name},
                {"program", text},
                {"steps", steps},
                {"ranges", ranges},
                {"handler",
                 {{"file", handler.file},
                  {"operation", handler.operation},
                  {"steps", handler.steps},
                  {"longest_stretch", handler.longest_stretch}}},
                {"caps", caps},
                {"curve", points}};
    fmt::print("{}", to_text(result));
    return nothing_new;
  }
  fmt::print("costliest of {} inputs on {}: {} steps with interrupts off, with {} ranges in use\n\n"
             "{}\nits last operation, with all counts scaled:\n{:>12}  {:>12}  {:>20}\n",
             inputs.size(), variant.name, steps, ranges, text, "ranges", "steps",
             "per repeated call");
  for (const Point& point : curve)
    fmt::print("{:>12}  {:>12}  {:>20}\n", point.ranges,
               point.steps ? fmt::format("{}", point.steps) : "too much", point.repeated);
  for (const std::string& cap : caps) fmt::print("{}\n", cap);
  if (handler.steps)
    fmt::print("\nlongest timer or work handler: {} steps, at most {} of them in one stretch "
               "with interrupts off, in operation {} of {}\n",
               handler.steps, handler.longest_stretch, handler.operation, handler.file);
  return nothing_new;
}

}  // namespace

}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("cost", "finds the operation that keeps interrupts off longest");
  line.option("FILE", arguments.files, "input, or folder of inputs").required();
  arguments.choice.add_options(line);
  line.option("--ranges", arguments.ranges,
              "numbers of ranges in use at which the cost is measured")
      .delimited_by(',');
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz cost --kernel debian:6.12 corpus/iova_worst_case",
               "shows how the worst operation of Linux 6.12 scales with the ranges in use");
  return line.run(argc, argv, [&] { return cost(arguments); });
}
