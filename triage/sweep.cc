// SPDX-License-Identifier: GPL-2.0-only
// sweep: runs a program with each of its allocation attempts failing, and with each pair if
// requested.
#include <fmt/core.h>

#include <map>
#include <set>

#include "tool/replay/input.h"
#include "tool/replay/isolate.h"
#include "tool/replay/known.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/json.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

struct Arguments {
  std::vector<std::string> files;
  VariantChoice choice;
  bool pairs = false;
  bool json = false;
};

// Results of failing the attempts of one operation (for pairs: of the first one).
struct Row {
  size_t points = 0, clean = 0;
  std::map<std::string, size_t> keys;
};

// Returns the number of runs with findings. rows: by operation.
size_t sweep_one(const Input& input, const iova_variant& variant, const Arguments& arguments,
                 std::map<size_t, Row>& rows) {
  Outcome base = run_isolated(variant, input.program);
  if (base.kind != Outcome::clean)
    throw Failure(fmt::format("{}: on {}, it shows a finding even without further failures: {}",
                              input.path.string(), variant.name, base.key()));
  std::vector<Job> jobs;
  if (arguments.pairs) {
    auto points = base.fault_points();
    for (size_t i = 0; i < points.size(); i++)
      for (size_t j = i + 1; j < points.size(); j++)
        jobs.push_back({&input.program, {points[i], points[j]}});
  } else {
    jobs = base.fault_jobs(input.program);
  }
  size_t not_clean = 0;
  std::set<std::string> keys;  // of the current failure point
  run_isolated(variant, jobs, {}, [&](size_t index, const Outcome& outcome) {
    if (outcome.kind != Outcome::clean) keys.insert(outcome.key());
    bool is_last = index + 1 == jobs.size() || !jobs[index + 1].faults[0].is_first_of_all;
    if (!is_last) return;
    Row& row = rows[jobs[index].faults[0].operation];
    row.points++;
    row.clean += keys.empty();
    not_clean += !keys.empty();
    for (const std::string& key : keys) row.keys[key]++;
    keys.clear();
  });
  return not_clean;
}

int sweep(const Arguments& arguments) {
  const iova_variant& variant = arguments.choice.variant();
  size_t not_clean = 0;
  json results = json::array();
  for (const auto& file : expand(arguments.files)) {
    Input input = read_input(file);
    std::map<size_t, Row> rows;
    size_t found = sweep_one(input, variant, arguments, rows);
    not_clean += found;
    size_t points = 0;
    for (const auto& [operation, row] : rows) points += row.points;
    if (arguments.json) {
      json operations = json::array();
      for (const auto& [operation, row] : rows)
        operations.push_back({{"operation", operation},
                              {"text", print(input.program.operations[operation])},
                              {"points", row.points},
                              {"clean", row.clean},
                              {"keys", row.keys},
                              {"known", known_ids(row.keys, variant)}});
      results.push_back({{"file", file.string()},
                         {"variant", variant.name},
                         {"pairs", arguments.pairs},
                         {"operations", operations}});
      continue;
    }
    fmt::print("{} on {}: {} {}, {} clean, {} with a finding\n", file.string(), variant.name,
               points, arguments.pairs ? "pairs of failures" : "failures", points - found, found);
    for (const auto& [operation, row] : rows) {
      if (row.keys.empty() && arguments.files.size() > 1) continue;
      fmt::print("{:>5}  {:<24} {:>5} points, {} clean\n", operation,
                 print(input.program.operations[operation]), row.points, row.clean);
      for (const auto& [key, count] : row.keys)
        fmt::print("{:7}{:>4} x {}{}\n", "", count, key, known_note(key, variant));
    }
  }
  if (arguments.json) fmt::print("{}", to_text(results));
  return not_clean ? findings : nothing_new;
}

}  // namespace

}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("sweep",
                   "runs a program with each allocation failing, alone and with all later ones");
  line.option("FILE", arguments.files, "input, or folder of inputs").required();
  arguments.choice.add_options(line);
  line.flag("--pairs", arguments.pairs, "fail each pair of allocations instead of each allocation");
  line.flag("--json", arguments.json, "print JSON");
  line.example(
      "iovafuzz sweep --kernel debian:6.12 corpus/iova_domain/plain_life_of_one_domain.iova",
      "lists the failed allocations that Linux 6.12 does not handle");
  return line.run(argc, argv, [&] { return sweep(arguments); });
}
