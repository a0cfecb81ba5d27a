// SPDX-License-Identifier: GPL-2.0-only
// run: fuzzes targets, with live progress and a summary of what was found.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "fuzz/targets.h"
#include "tool/support/build.h"
#include "tool/campaign/campaign.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/replay/input.h"
#include "tool/replay/known.h"
#include "tool/support/report_json.h"
#include "tool/support/targets.h"
#include "tool/support/words.h"
#include "tool/variants/variants.h"

namespace tool {
namespace {

using std::chrono::milliseconds;

struct Arguments {
  std::vector<std::string> targets;
  VariantChoice choice;
  std::string engine = "libfuzzer", sanitizer = "both";
  std::optional<milliseconds> time{60'000};
  milliseconds input_timeout{25'000};
  unsigned memory = 2560;  // MB
  std::vector<std::string> engine_options;
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
  unsigned seed = 1;
  bool first = false, no_seeds = false, no_ledger = false, json = false;
  bool stock_mutators = false, minimize = true;
  std::string out;
  std::vector<std::string> forgotten;
  uint64_t least_space = 100;  // MB
};

std::vector<Engine> engines_of(const std::string& word) {
  if (word == "both") return {Engine::libfuzzer, Engine::aflpp};
  return {word == name(Engine::aflpp) ? Engine::aflpp : Engine::libfuzzer};
}

// As -fsanitize= takes them.
std::string sanitizers_of(const std::string& word) {
  return word == "both" ? "address,undefined" : word == "none" ? "" : word;
}

// What keeps a target from running on a variant; nothing if it is "".
std::string obstacle(const fuzz::Target& target, const TestedVariant& tested) {
  if (target.compares && !tested.expected)
    return "it compares a kernel tree with the port's revision that it is like: choose such a tree "
           "with --kernel";
  if (target.reads_text && !tested.replay_options.empty())
    return "it tests the text form of programs, which no allocator has a part in";
  if (target.needs_queue && !tested.variant->queue)
    return fmt::format("{} has no flush queue: its drivers/iommu/dma-iommu.c is missing, or of "
                       "another shape",
                       tested.variant->name);
  return "";
}

// Those of the names, or all that can run.
std::vector<const fuzz::Target*> choose_targets(const std::vector<std::string>& names,
                                                const TestedVariant& tested) {
  std::vector<const fuzz::Target*> chosen;
  for (const fuzz::Target* target : fuzz::targets)
    if (names.empty() && obstacle(*target, tested).empty()) chosen.push_back(target);
  for (const std::string& name : names) {
    const fuzz::Target* found = &find_target(name);
    if (std::string why = obstacle(*found, tested); !why.empty())
      throw Failure(fmt::format("{}: {}", name, why));
    chosen.push_back(found);
  }
  return chosen;
}

std::string table(const Progress& progress) {
  std::string text = fmt::format("{:<20} {:<9} {:>12} {:>8} {:>6} {:>7} {:>4} {:>6} {:>9} {:>9}\n",
                                 "target", "engine", "executions", "exec/s", "edges", "corpus",
                                 "new", "known", "stability", "since new");
  for (const TargetProgress& row : progress.targets)
    text += fmt::format("{:<20} {:<9} {:>12} {:>8.0f} {:>6} {:>7} {:>4} {:>6} {:>9} {:>7.0f} s\n",
                        row.target->name, name(row.engine), row.executions,
                        row.executions_per_second, row.coverage, row.corpus, row.new_findings,
                        row.known.size(),
                        row.stability ? fmt::format("{:.2f} %", *row.stability) : "",
                        std::chrono::duration<double>(progress.elapsed - row.last_new).count());
  return text;
}

// To the terminal's width: a line that goes on below cannot be drawn over.
std::string cut_lines(const std::string& text) {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col) return text;
  std::istringstream lines(text);
  std::string cut;
  for (std::string line; std::getline(lines, line);) cut += line.substr(0, size.ws_col) + "\n";
  return cut;
}

// Redraws a table on a terminal; writes a line for each target now and then elsewhere.
class Display {
 public:
  void show(const Progress& progress, const StoredFinding* finding) {
    bool terminal = isatty(STDOUT_FILENO);
    auto since = progress.elapsed - shown_at_;
    if (!finding && since < (terminal ? milliseconds(500) : milliseconds(10'000))) return;
    shown_at_ = progress.elapsed;
    if (terminal) {
      if (lines_) fmt::print("\x1b[{}A\x1b[J", lines_);
      lines_ = 0;
    }
    if (finding) fmt::print("new finding: {}\n", finding->key);
    double seconds = std::chrono::duration<double>(progress.elapsed).count();
    if (terminal) {
      std::string text = fmt::format("{:.0f} s\n{}", seconds, table(progress));
      for (const auto& [key, inputs] : progress.inputs_by_key)
        text += fmt::format("{:>6} {}  {}\n", inputs, inputs == 1 ? "input " : "inputs", key);
      fmt::print("{}", cut_lines(text));
      lines_ = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
    } else {
      for (const TargetProgress& row : progress.targets)
        fmt::print("{:>6.0f} s  {} {}: {} executions, {:.0f}/s, {} edges, corpus {}, {} new, {} "
                   "known, nothing new for {:.0f} s\n",
                   seconds, row.target->name, name(row.engine), row.executions,
                   row.executions_per_second, row.coverage, row.corpus, row.new_findings,
                   row.known.size(),
                   std::chrono::duration<double>(progress.elapsed - row.last_new).count());
    }
    fflush(stdout);
  }
  void clear() {
    if (lines_) fmt::print("\x1b[{}A\x1b[J", lines_);
    lines_ = 0;
  }

 private:
  milliseconds shown_at_{0};
  int lines_ = 0;
};

void print_finding(size_t number, const StoredFinding& finding) {
  fmt::print("\n{}. {}\n", number, finding.key);
  if (finding.outcome.report) {
    const engine::Report& report = *finding.outcome.report;
    fmt::print("   {}\n   in {}\n", report.headline, report.function);
    if (!report.values.empty()) fmt::print("   found: {}\n", report.values);
    if (report.faults.empty()) fmt::print("   faults injected: none\n");
    for (const std::string& fault : report.faults) fmt::print("   fault injected: {}\n", fault);
    if (!report.program.empty()) fmt::print("   program:\n");
    std::string indented;
    for (size_t at = 0, end; at < report.program.size(); at = end + 1) {
      end = report.program.find('\n', at);
      indented += "     " + report.program.substr(at, end - at) + "\n";
    }
    fmt::print("{}", indented);
  } else {
    fmt::print("   no report; the log is in {}\n", (finding.folder / "report.txt").string());
  }
  for (const std::string& need : finding.needed) fmt::print("   {}\n", need);
  fmt::print("   first met by {} after {} executions, {} show it\n", finding.target,
             finding.executions,
             finding.inputs == 1 ? "1 input" : fmt::format("{} inputs", finding.inputs));
  fmt::print("   reproducer: {}\n   replay: {}\n", finding.reproducer.string(), finding.replay);
}

// Of all targets.
KnownMet known_met(const Progress& progress) {
  KnownMet met;
  for (const TargetProgress& row : progress.targets)
    for (const auto& [id, keys] : row.known) met[id].insert(keys.begin(), keys.end());
  return met;
}

void print_known(const Progress& progress, const std::string& replay_options) {
  KnownMet met = known_met(progress);
  if (!met.empty()) fmt::print("\nknown findings met:\n");
  for (const engine::KnownFinding& finding : engine::ledger()) {
    if (!met.contains(finding.id)) continue;
    fmt::print("\n   {}: {}\n{}", finding.id, finding.title, describe(finding, "   "));
    for (const std::string& key : met[finding.id]) fmt::print("   key: {}\n", key);
    fmt::print("   replay: {}\n", show_command(finding, replay_options));
  }
}

nlohmann::json to_json(const CampaignResult& result, const iova_variant& variant,
                       const std::string& replay_options) {
  nlohmann::json targets = nlohmann::json::array(), found = nlohmann::json::array();
  nlohmann::json known = nlohmann::json::array();
  KnownMet met = known_met(result.progress);
  for (const engine::KnownFinding& finding : engine::ledger()) {
    if (!met.contains(finding.id)) continue;
    nlohmann::json row = tool::to_json(finding);
    row["keys"] = met[finding.id];
    row["replay"] = show_command(finding, replay_options);
    known.push_back(row);
  }
  for (const TargetProgress& row : result.progress.targets) {
    targets.push_back({{"target", row.target->name},
                       {"engine", name(row.engine)},
                       {"executions", row.executions},
                       {"executions_per_second", row.executions_per_second},
                       {"cpu_seconds", row.cpu_seconds},
                       {"edges", row.coverage},
                       {"corpus", row.corpus},
                       {"last_new_seconds", std::chrono::duration<double>(row.last_new).count()},
                       {"new", row.new_findings},
                       {"known", row.known}});
    if (row.stability) targets.back()["stability"] = *row.stability;
  }
  for (const StoredFinding& finding : result.findings)
    found.push_back({{"key", finding.key},
                     {"target", finding.target},
                     {"executions", finding.executions},
                     {"inputs", finding.inputs},
                     {"earlier", finding.is_earlier},
                     {"headline", finding.outcome.report ? finding.outcome.report->headline : ""},
                     {"faults", finding.outcome.report ? finding.outcome.report->faults
                                                       : std::vector<std::string>{}},
                     {"needed", finding.needed},
                     {"minimal", finding.is_minimal},
                     {"reproducer", finding.reproducer.string()},
                     {"replay", finding.replay}});
  return {{"variant", variant.name},
          {"seconds", std::chrono::duration<double>(result.progress.elapsed).count()},
          {"interrupted", result.progress.interrupted},
          {"targets", targets},
          {"findings", found},
          {"gone", result.gone},
          {"known", known},
          {"total",
           {{"runs", result.progress.totals.runs},
            {"seconds", result.progress.totals.seconds},
            {"executions", result.progress.totals.executions}}}};
}

int run(const Arguments& arguments) {
  CampaignOptions options;
  options.tested = tested(arguments.choice);
  options.variant_folder = arguments.choice.build_name();
  options.targets = choose_targets(arguments.targets, options.tested);
  options.time = arguments.time;
  options.input_timeout = static_cast<unsigned>(arguments.input_timeout.count() / 1000);
  options.memory = arguments.memory;
  options.engine_options = arguments.engine_options;
  options.jobs = arguments.jobs;
  options.seed = arguments.seed;
  options.first = arguments.first;
  options.seeds = !arguments.no_seeds;
  options.ledger = !arguments.no_ledger;
  options.forgotten = arguments.forgotten;
  std::vector<std::string> ids;
  for (const engine::KnownFinding& finding : engine::ledger()) ids.push_back(finding.id);
  for (const std::string& id : options.forgotten)
    if (std::find(ids.begin(), ids.end(), id) == ids.end())
      throw Failure(unknown_word("known issue", id, ids));
  options.minimize_executions = arguments.minimize ? 5000 : 0;
  options.stock_mutators = arguments.stock_mutators;
  if (arguments.out.empty())
    options.out = campaign_folder();
  else
    options.out = arguments.out;
  options.least_space = arguments.least_space << 20;
  std::vector<Engine> engines = engines_of(arguments.engine);
  std::string sanitizer = sanitizers_of(arguments.sanitizer);
  for (Engine engine : engines)
    if (engine == Engine::aflpp && run_command({"which", "afl-fuzz"}, false).status)
      throw Failure("there is no afl-fuzz: install the package afl++");

  if (!arguments.json && !arguments.choice.kernel.empty() && arguments.targets.empty())
    for (const fuzz::Target* target : fuzz::targets)
      if (std::string why = obstacle(*target, options.tested); !why.empty())
        fmt::print("{} is left out: {}\n", target->name, why);
  if (!arguments.json) fmt::print("building {} ...\n", options.tested.variant->name);
  fflush(stdout);
  std::vector<std::string> binaries, mutators;
  for (const fuzz::Target* target : options.targets) {
    binaries.push_back(fmt::format(
        "{}-{}", target->name, fuzz::binary_folder(*target, options.variant_folder.c_str())));
    mutators.push_back(fmt::format("aflpp-{}", target->name));
  }
  options.builds.clear();
  for (Engine engine : engines) {
    options.builds[engine] = build_targets(engine, sanitizer, binaries);
    if (engine == Engine::aflpp) build(mutators);
  }

  Display display;
  CampaignResult result =
      run_campaign(options, [&](const Progress& progress, const StoredFinding* finding) {
        if (!arguments.json) display.show(progress, finding);
      });
  std::string summary =
      to_text(to_json(result, *options.tested.variant, options.tested.replay_options));
  write_file(options.out / "summary.json", summary);
  if (arguments.json) {
    fmt::print("{}", summary);
    return result.findings.empty() ? nothing_new : findings;
  }
  display.clear();
  double seconds = std::chrono::duration<double>(result.progress.elapsed).count();
  fmt::print("\n{} on {}, {:.0f} s\n{}", result.progress.interrupted ? "interrupted" : "done",
             options.tested.variant->name, seconds, table(result.progress));
  print_known(result.progress, options.tested.replay_options);
  size_t number = 0;
  for (const StoredFinding& finding : result.findings) print_finding(++number, finding);
  const Totals& totals = result.progress.totals;
  if (totals.runs > 1)
    fmt::print("\nthis folder on {}: {} runs, {:.0f} s, {} executions\n",
               options.tested.variant->name, totals.runs, totals.seconds, totals.executions);
  for (const std::string& key : result.gone)
    fmt::print("\nfound earlier, does not show here: {}\n", key);
  auto earlier = static_cast<size_t>(
      std::count_if(result.findings.begin(), result.findings.end(),
                    [](const StoredFinding& finding) { return finding.is_earlier; }));
  fmt::print("\n{} new {}\n", result.findings.size(),
             result.findings.size() == 1 ? "finding" : "findings");
  if (earlier) fmt::print("{} of them found by an earlier run\n", earlier);
  return result.findings.empty() ? nothing_new : findings;
}

}  // namespace

}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("run", "fuzzes the allocator and reports what it finds");
  line.option("TARGET", arguments.targets, "targets (iovafuzz list targets), instead of all");
  arguments.choice.add_options(line);
  line.option("--engine", arguments.engine, "fuzzing engine; both share each target's corpus")
      .one_of({"libfuzzer", "aflpp", "both"});
  line.option("--sanitizer", arguments.sanitizer, "sanitizers that targets are built with")
      .one_of({"both", "address", "undefined", "none"});
  line.option("--time", arguments.time, "length of the campaign; 0: until Ctrl-C");
  line.option("--jobs", arguments.jobs, "processes at a time").range(1, 1024).shown_default("one a processor");
  line.option("--seed", arguments.seed, "seed of the engine's random numbers");
  line.flag("--first", arguments.first, "stop at the first new finding");
  line.flag("--no-seeds", arguments.no_seeds, "start from an empty corpus");
  line.flag("--no-ledger", arguments.no_ledger,
            "report known issues as new (iovafuzz list known)");
  line.option("--forget", arguments.forgotten, "id of a known issue to report as new")
      .one_at_a_time();
  line.flag("--minimize,!--no-minimize", arguments.minimize, "reduce findings, or do not");
  line.flag("--stock-mutators", arguments.stock_mutators,
            "mutate bytes with the engine's mutators instead of operations");
  line.option("--timeout", arguments.input_timeout, "limit of one input").range(1, 1e5);
  line.option("--memory", arguments.memory, "limit of one process, in MB").range(64, 1 << 20);
  line.option("--out", arguments.out, "folder for corpus, logs and findings, instead of .campaign");
  line.option("--keep-free", arguments.least_space, "free disk space below which to stop, in MB")
      .range(0, 1e12);
  line.flag("--json", arguments.json, "print the summary as JSON");
  line.rest(arguments.engine_options, "options for the engine, as libFuzzer or afl-fuzz takes them");
  line.example("iovafuzz run --time 10m",
               "fuzzes the port with every known issue fixed");
  line.example("iovafuzz run --kernel ~/linux --first",
               "looks for a new bug in the tree's own iova.c");
  return line.run(argc, argv, [&] { return run(arguments); });
}
