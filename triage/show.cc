// SPDX-License-Identifier: GPL-2.0-only
// show: prints one input as a program with the result of each operation.
#include <fmt/core.h>

#include <algorithm>

#include "tool/findings/crash_files.h"
#include "tool/replay/input.h"
#include "tool/replay/isolate.h"
#include "tool/replay/known.h"
#include "tool/replay/steps.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/json.h"
#include "tool/support/report_text.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

// The leading comments of a text program.
std::string opening_comments(const Input& input) {
  std::string text;
  if (!input.is_text) return text;
  size_t at = 0;
  while (at < input.content.size() && input.content[at] == '#') {
    size_t end = input.content.find('\n', at) + 1;
    std::string line = input.content.substr(at, end - at);
    if (line.find("SPDX") == std::string::npos) text += line;
    at = end;
  }
  return text;
}

std::string size_in_words(const Input& input) {
  if (input.is_text && !fits_bytes(input.program)) return "too large for a fuzz input";
  if (input.is_text)
    return fmt::format("{} bytes once assembled", program::encode(input.program).size());
  std::string text = fmt::format("{} bytes", input.content.size());
  // A run ends where the limits are reached.
  if (input.ignored_bytes)
    text += fmt::format(
        "; operation {} exceeds the limit of {} calls and {} operations: the last {} bytes are "
        "ignored",
        input.program.operations.size(), program::max_calls, program::max_operations,
        input.ignored_bytes);
  return text;
}

void print_steps(const Input& input, const iova_variant& variant, const Outcome& outcome) {
  const auto& operations = input.program.operations;
  const unsigned columns = cpu_columns(input.program, outcome);
  size_t column = 16;
  const size_t widest = program::has_pauses(input.program) ? 28 : 48;
  for (const auto& operation : operations)
    column = std::min(widest, std::max(column, print(operation).size()));
  const size_t width = columns * (column + 2) - 2;
  if (columns > 1) {
    fmt::print("{:7}", "");
    for (unsigned cpu = 0; cpu < columns; cpu++)
      fmt::print("{:<{}}", fmt::format("CPU {}", cpu), cpu + 1 < columns ? column + 2 : 0);
    fmt::print("\n");
  }
  const std::string key = outcome.kind == Outcome::clean ? "" : outcome.key();
  for (const ShownStep& step : shown_steps(input.program, outcome, known_note(key, variant))) {
    std::string text = step.operation;
    if (columns > 1 && !step.number.empty()) text.insert(0, step.cpu * (column + 2), ' ');
    fmt::print("{:>5}  {:<{}}  {}\n", step.number, text, width, step.outcome);
    for (const std::string& failed : step.failed) fmt::print("{:7}{}\n", "", failed);
  }
}

void print_no_finding(const Outcome& outcome, const iova_variant& variant) {
  fmt::print("\n");
  for (const std::string& key : outcome.known_met)
    fmt::print("ignored: {}{}\n", key, known_note(key, variant));
  fmt::print("no {}finding, trace {:016x}\n", outcome.known_met.empty() ? "" : "other ",
             outcome.trace_hash);
}

json to_json(const Input& input, const iova_variant& variant, const Outcome& outcome) {
  json steps = json::array();
  for (const RecordedStep& step : outcome.steps)
    steps.push_back({{"operation", step.operation < input.program.operations.size()
                                       ? print(input.program.operations[step.operation])
                                       : "(end)"},
                     {"skipped", step.skipped},
                     {"outcome", step.outcome},
                     {"attempts", step.attempts},
                     {"failed_attempts", step.failed_attempts}});
  json result{{"file", input.path.string()},
              {"ignored_bytes", input.ignored_bytes},
              {"variant", variant.name},
              {"steps", steps},
              {"key", outcome.key()}};
  if (const engine::KnownFinding* known = find_issue(outcome.key(), variant))
    result["known"] = known->id;
  if (!outcome.known_met.empty()) result["gone_past"] = outcome.known_met;
  if (outcome.kind == Outcome::clean) result["trace"] = fmt::format("{:016x}", outcome.trace_hash);
  return result;
}

struct Arguments {
  std::string file;
  VariantChoice choice;
  PastOption past;
  bool json = false;
};

// An input of a text target may not be a valid program.
int show_text(const Arguments& arguments) {
  const std::string content = read_file(arguments.file);
  Outcome outcome = check_text_isolated(content, {});
  if (arguments.json) {
    fmt::print("{}", to_text(json{{"file", arguments.file},
                                  {"variant", "text"},
                                  {"key", outcome.kind == Outcome::clean ? "" : outcome.key()}}));
  } else {
    fmt::print("{}: {} bytes of text\n", arguments.file, content.size());
    if (outcome.report)
      fmt::print("{}", report_text(*outcome.report));
    else
      fmt::print("no finding\n");
  }
  return outcome.kind == Outcome::clean ? nothing_new : findings;
}

int show(const Arguments& arguments) {
  const std::filesystem::path path = arguments.file;
  if (target_of(path)->reads_text && path.extension() != ".iova") return show_text(arguments);
  const iova_variant& variant = arguments.choice.variant();
  Input input = read_input(arguments.file);
  IsolateOptions options{.record = true, .known = arguments.past.expand(variant)};
  Outcome outcome = run_isolated(variant, input.program, options);
  if (arguments.json) {
    fmt::print("{}", to_text(to_json(input, variant, outcome)));
  } else {
    fmt::print("{} on {}: {} operations, {}\n", input.path.string(), variant.name,
               input.program.operations.size(), size_in_words(input));
    fmt::print("{}\n", opening_comments(input));
    print_steps(input, variant, outcome);
    if (outcome.report)
      fmt::print("{}", report_text(*outcome.report));
    else if (outcome.kind != Outcome::clean)
      fmt::print("\n{}\n{}", outcome.key(), outcome.log);
    else
      print_no_finding(outcome, variant);
  }
  return outcome.kind == Outcome::clean ? nothing_new : findings;
}

}  // namespace
}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("show", "prints an input as a program with the result of each operation");
  line.option("FILE", arguments.file, "text program (.iova), or crash file of an engine")
      .required();
  arguments.choice.add_options(line);
  arguments.past.add_to(line);
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz show --revision 6.12 crash-1234",
               "shows the results on the port of Linux 6.12, and the report");
  return line.run(argc, argv, [&] { return show(arguments); });
}
