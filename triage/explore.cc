// SPDX-License-Identifier: GPL-2.0-only
// explore: runs every schedule of a program with a limited number of preemptions.
#include <fmt/core.h>

#include <optional>

#include "tool/replay/explorer.h"
#include "tool/replay/input.h"
#include "tool/replay/known.h"
#include "tool/support/command_line.h"
#include "tool/support/counter.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/json.h"
#include "tool/support/report_json.h"
#include "tool/support/report_text.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

using std::chrono::steady_clock;

struct Arguments {
  std::string file, out;
  VariantChoice choice;
  PastOption past;
  unsigned preemptions = 1;
  size_t from = 0;
  std::optional<std::chrono::milliseconds> time;
  bool json = false;
};

std::string in_words(const Exploration& seen, const Arguments& arguments, const char* variant) {
  const unsigned preemptions = arguments.preemptions;
  const std::string of =
      arguments.from ? fmt::format(" of operation {} and later ones", arguments.from) : "";
  const std::string equal =
      seen.equal ? fmt::format(" ({} more are equivalent to these)", seen.equal) : "";
  if (seen.schedule)
    return fmt::format("{} schedules run on {}, the last with a finding", seen.schedules, variant);
  if (!seen.is_complete)
    return fmt::format("time is up on {} after {} schedules{}: no finding so far", variant,
                       seen.schedules, equal);
  return fmt::format("all {} schedules with at most {} {}{} on {}{}: no finding", seen.schedules,
                     preemptions, preemptions == 1 ? "preemption" : "preemptions", of, variant,
                     equal);
}

int run(const Arguments& arguments) {
  const iova_variant& variant = arguments.choice.variant();
  const Input input = read_input(arguments.file);
  std::vector<std::string> known = arguments.past.expand(variant);
  std::optional<steady_clock::time_point> deadline;
  if (arguments.time) deadline = steady_clock::now() + *arguments.time;
  Counter counter(stdout, std::chrono::seconds(10));
  const Exploration seen =
      explore(variant, input.program,
              {.preemptions = arguments.preemptions,
               .from = arguments.from,
               .known = known,
               .deadline = deadline,
               .on_run = [&](const Exploration& so_far, const program::Program&, const Outcome&) {
                 if (!arguments.json)
                   counter.show(fmt::format("{} schedules run, {} equivalent to these",
                                            so_far.schedules, so_far.equal));
               }});
  counter.clear();
  const std::string text = seen.schedule ? print(*seen.schedule) : "";
  if (seen.schedule && !arguments.out.empty()) write_file(arguments.out, text);
  const std::string key = seen.schedule ? seen.outcome.key() : "";
  if (arguments.json) {
    json result = {{"variant", variant.name},
                   {"preemptions", arguments.preemptions},
                   {"schedules", seen.schedules},
                   {"equal", seen.equal},
                   {"different", seen.different},
                   {"complete", seen.is_complete},
                   {"known_met", seen.known_met},
                   {"key", key},
                   {"program", text}};
    if (seen.outcome.report) result["report"] = to_json(*seen.outcome.report);
    fmt::print("{}", to_text(result));
    return seen.schedule ? findings : nothing_new;
  }
  fmt::print("{}: {}\n", arguments.file, in_words(seen, arguments, variant.name));
  for (const std::string& met : seen.known_met)
    fmt::print("ignored: {}{}\n", met, known_note(met, variant));
  if (!seen.schedule) return nothing_new;
  fmt::print("{}{}\n", key, known_note(key, variant));
  if (seen.outcome.report)
    fmt::print("{}", report_text(*seen.outcome.report));
  else
    fmt::print("\n{}\n{}\n", text, seen.outcome.log);
  if (!arguments.out.empty()) fmt::print("schedule: {}\n", arguments.out);
  return findings;
}

}  // namespace
}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("explore", "runs a program in every schedule with at most K preemptions");
  line.option("FILE", arguments.file, "input").required();
  line.option("--preemptions,-k", arguments.preemptions,
              "highest number of preemptions in a schedule")
      .range(0, program::max_suspended);
  line.option(
      "--from N", arguments.from,
      "number of the first operation that may be suspended (see iovafuzz show); earlier operations only prepare");
  arguments.choice.add_options(line);
  arguments.past.add_to(line);
  line.option("--time", arguments.time, "time limit of the search");
  line.option("--out FILE", arguments.out, "file for the first schedule that shows a finding");
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz explore -k 2 --kernel debian:6.12 --past ledger corpus/iova_races/"
               "cpus_share_the_tree.iova",
               "reports whether any overlap of these requests breaks a promise");
  return line.run(argc, argv, [&] { return tool::run(arguments); });
}
