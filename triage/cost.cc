// SPDX-License-Identifier: GPL-2.0-only
// cost: which operation keeps interrupts off the longest, and how that grows with the ranges in use.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/ledger.h"
#include "triage/commands.h"
#include "triage/input.h"
#include "triage/isolate.h"
#include "triage/variants.h"

namespace triage {
namespace {

using program::Operation;
using program::Program;

constexpr int timeout_ms = 600'000;  // of one program; a costly one with many ranges takes minutes

struct Arguments {
  std::vector<std::string> files;
  std::vector<size_t> ranges{1000, 10'000, 100'000};
  VariantChoice choice;
  bool json = false;
};

// A program up to its costliest operation.
struct Candidate {
  Program program;
  uint64_t steps = 0;
};

// Findings on the way are another command's matter.
Outcome measure(const iova_variant& variant, const Program& program, bool record = false) {
  IsolateOptions options{.record = record,
                         .timeout_ms = timeout_ms,
                         .known = engine::known_keys(variant.name)};
  return run_isolated(variant, program, options);
}

Candidate costliest_beginning(const Program& program, const Outcome& outcome) {
  Candidate candidate;
  if (outcome.kind != Outcome::clean || outcome.costs.empty()) return candidate;
  auto most = std::max_element(outcome.costs.begin(), outcome.costs.end());
  candidate.steps = *most;
  candidate.program.operations.assign(
      program.operations.begin(),
      program.operations.begin() + (most - outcome.costs.begin()) + 1);
  return candidate;
}

Candidate costliest(const iova_variant& variant, const std::vector<Input>& inputs) {
  std::vector<Job> jobs;
  for (const Input& input : inputs) jobs.push_back({&input.program, {}});
  Candidate best;
  IsolateOptions options{.timeout_ms = timeout_ms, .known = engine::known_keys(variant.name)};
  run_isolated(variant, jobs, options, [&](size_t index, const Outcome& outcome) {
    Candidate candidate = costliest_beginning(inputs[index].program, outcome);
    if (candidate.steps > best.steps) best = std::move(candidate);
  });
  return best;
}

// Drops what does not matter: the cost may fall by a tenth with it. Operations first, those at the
// end before those at the beginning, then the count of the costliest one.
void shrink(const iova_variant& variant, Candidate& best) {
  const uint64_t enough = best.steps - best.steps / 10;
  auto try_it = [&](Program program) {
    Candidate candidate = costliest_beginning(program, measure(variant, program));
    if (candidate.steps < enough) return false;
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
  Operation& last = best.program.operations.back();
  int count = program::operand_index(last.code, program::Role::count);
  if (count < 0 || program::calls(last) == 1) return;
  Program once = best.program;
  once.operations.back().operands[count].number = 1;
  try_it(std::move(once));
}

// The same with all counts above one multiplied; what is too large for one operation becomes more.
Program scaled(const Program& program, double factor) {
  Program result;
  for (Operation operation : program.operations) {
    uint64_t calls = program::calls(operation);
    if (calls > 1) calls = std::max<uint64_t>(2, static_cast<uint64_t>(calls * factor + 0.5));
    int count = program::operand_index(operation.code, program::Role::count);
    for (; count >= 0 && calls > program::max_count_in_text;
         calls -= program::max_count_in_text) {
      operation.operands[count].number = program::max_count_in_text;
      result.operations.push_back(operation);
    }
    if (count >= 0) operation.operands[count].number = calls;
    result.operations.push_back(operation);
  }
  return result;
}

struct Point {
  size_t ranges;   // in use when the costliest operation came
  uint64_t steps;  // 0: it took too long
  std::string text;
};

size_t ranges_before_end(const Outcome& outcome) {
  size_t ranges = 0;
  // The operation itself and the end of the run are the last two.
  for (size_t i = 0; i + 2 < outcome.steps.size(); i++) ranges = outcome.steps[i].ranges;
  return ranges;
}

Point at(const iova_variant& variant, const Program& program, size_t ranges, size_t base) {
  Program large = scaled(program, static_cast<double>(ranges) / static_cast<double>(base));
  Outcome outcome = measure(variant, large, true);
  Point point{ranges_before_end(outcome), 0, program::print(large)};
  if (outcome.kind == Outcome::clean)
    point.steps = *std::max_element(outcome.costs.begin(), outcome.costs.end());
  return point;
}

int cost(const Arguments& arguments) {
  const iova_variant& variant = arguments.choice.variant();
  std::vector<Input> inputs;
  for (const auto& file : expand(arguments.files)) inputs.push_back(read_input(file));
  Candidate best = costliest(variant, inputs);
  if (best.program.operations.empty())
    throw Failure(fmt::format("no input runs to its end on {}", variant.name));
  shrink(variant, best);
  Outcome outcome = measure(variant, best.program, true);
  size_t base = std::max<size_t>(1, ranges_before_end(outcome));
  std::string text = program::print(best.program);
  std::vector<Point> curve;
  for (size_t ranges : arguments.ranges)
    curve.push_back(at(variant, best.program, ranges, base));

  if (arguments.json) {
    nlohmann::json points = nlohmann::json::array();
    for (const Point& point : curve)
      points.push_back(
          {{"ranges", point.ranges}, {"steps", point.steps}, {"program", point.text}});
    nlohmann::json result{{"variant", variant.name},
                          {"program", text},
                          {"steps", best.steps},
                          {"curve", points}};
    fmt::print("{}\n", result.dump(2));
    return nothing_new;
  }
  fmt::print("costliest on {}: {} steps with interrupts off, with {} ranges in use, of {} inputs\n\n"
             "{}\n{:>12}  {:>12}\n",
             variant.name, best.steps, base, inputs.size(), text, "ranges", "steps");
  for (const Point& point : curve)
    fmt::print("{:>12}  {:>12}\n", point.ranges,
               point.steps ? fmt::format("{}", point.steps) : "took too long");
  return nothing_new;
}

}  // namespace

void add_cost(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "cost", "The operation that keeps interrupts off the longest, over the ranges in use");
  command->add_option("FILE", arguments->files, "inputs, or folders of them")->required();
  arguments->choice.add_options(*command);
  command->add_option("--ranges", arguments->ranges, "in use, for the curve")
      ->delimiter(',')
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "for programs");
  command->callback([arguments, &action] { action = [arguments] { return cost(*arguments); }; });
}

}  // namespace triage
