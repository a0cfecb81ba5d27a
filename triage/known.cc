// SPDX-License-Identifier: GPL-2.0-only
// known: finds the known issues of an allocator by running their reproducers.
#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "engine/ledger.h"
#include "program/mutation.h"
#include "tool/replay/input.h"
#include "tool/replay/isolate.h"
#include "tool/replay/known.h"
#include "tool/support/build.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/json.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

struct Answer {
  const char* state;         // "present", "does not show" or "not applicable"
  std::string why = {};      // of the last state
  std::string program = {};  // program that shows the issue, if not the reproducer
};

// Keys of other issues, which may occur before this one.
std::vector<std::string> keys_of_others(const engine::KnownFinding& issue) {
  std::vector<std::string> keys;
  for (const engine::KnownFinding& other : engine::ledger())
    if (other.id != issue.id)
      std::copy(other.keys.begin(), other.keys.end(), std::back_inserter(keys));
  return keys;
}

// Runs the reproducer and programs near it: a tree may need another size or another failing
// attempt.
Answer ask(const engine::KnownFinding& issue, const iova_variant& variant) {
  constexpr uint64_t neighbours = 200;
  program::Program reproducer = read_input(source_folder() / "corpus" / issue.reproducer).program;
  IsolateOptions options{.record = true, .known = keys_of_others(issue)};
  Outcome outcome = run_isolated(variant, reproducer, options);
  if (engine::has_key(issue, outcome.key())) return {"present"};
  for (const RecordedStep& step : outcome.steps)
    if (step.skipped) return {"not applicable", step.outcome};
  std::vector<program::Program> near(neighbours, reproducer);
  std::vector<Job> jobs;
  for (uint64_t i = 0; i < neighbours; i++) {
    program::Mutator(program::all_operations, i).mutate(near[i]);
    jobs.push_back({&near[i], {}});
  }
  options.record = false;
  const program::Program* shown = nullptr;
  run_isolated(variant, jobs, options, [&](size_t i, const Outcome& of_one) {
    if (!shown && engine::has_key(issue, of_one.key())) shown = &near[i];
  });
  if (shown) return {"present", "", print(*shown)};
  return {"does not show"};
}

struct Arguments {
  VariantChoice choice;
  bool json = false;
};

int known(const Arguments& arguments) {
  const iova_variant& variant = arguments.choice.variant();
  bool any = false;
  json rows = json::array();
  for (const engine::KnownFinding& issue : engine::ledger()) {
    Answer answer = ask(issue, variant);
    bool is_present = answer.state == std::string("present");
    any |= is_present;
    if (arguments.json) {
      json row = to_json(issue);
      row["state"] = answer.state;
      row["why"] = answer.why;
      row["program"] = answer.program;
      rows.push_back(row);
      continue;
    }
    fmt::print("{:<14}  {:<22}  {}\n", answer.state, issue.id,
               answer.why.empty() ? issue.title : answer.why);
    if (!is_present) continue;
    fmt::print("{:16}{}\n", "", upstream_status(issue));
    fmt::print("{:16}{}\n", "", show_command(issue, arguments.choice.options()));
    if (!answer.program.empty())
      fmt::print("shown by a program near that one:\n{}", answer.program);
  }
  if (arguments.json) fmt::print("{}", to_text(rows));
  return any ? findings : nothing_new;
}

}  // namespace
}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("known", "tells which known issues an allocator has");
  arguments.choice.add_options(line);
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz known --kernel ~/linux",
               "which of them does this tree have? exit status 1 if any");
  return line.run(argc, argv, [&] { return known(arguments); });
}
