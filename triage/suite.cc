// SPDX-License-Identifier: GPL-2.0-only
// suite: runs a KUnit suite over the shim, each case in its own process, and optionally again with
// each allocation of the allocator failing.
#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <thread>

#include "shim/cpu.h"
#include "tool/replay/kunit_runs.h"
#include "tool/support/command_line.h"
#include "tool/support/failure.h"
#include "tool/support/json.h"
#include "tool/support/process.h"
#include "tool/support/words.h"

namespace tool {
namespace {

struct Arguments {
  std::string file;
  VariantChoice choice;
  std::vector<std::string> only;
  Definitions definitions;
  bool faults = false, json = false;
  uint64_t most = 64;
  std::optional<unsigned> fail, fail_from;
  unsigned cpus = KunitOptions().cpus;
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
};

// Results of a case's runs with failing allocations.
struct Swept {
  size_t attempts = 0, failed_at = 0, runs = 0, passed = 0, failed = 0, misused = 0, found = 0;
};

// A finding: its first run, and all cases that show it.
struct Shown {
  size_t runs = 0;
  std::set<std::string> cases = {};
  KunitRun run;
  KunitOutcome outcome;
};

struct Findings {
  std::vector<Shown> all;  // in order of discovery

  void add(const KunitRun& run, const KunitOutcome& outcome) {
    auto at = std::find_if(all.begin(), all.end(),
                           [&](const Shown& one) { return one.outcome.cause == outcome.cause; });
    if (at == all.end()) at = all.insert(all.end(), {.run = run, .outcome = outcome});
    at->runs++;
    at->cases.insert(run.test_case->title());
  }
};

bool is_wanted(const Arguments& arguments, const KunitCase& test_case) {
  return arguments.only.empty() ||
         std::any_of(arguments.only.begin(), arguments.only.end(), [&](const std::string& name) {
           return name == test_case.name || name == test_case.title();
         });
}

std::string command_of(const Arguments& arguments, const Shown& shown) {
  std::string text = fmt::format("{} suite {}", launcher(), arguments.choice.options());
  for (const std::string& definition : arguments.definitions)
    text += fmt::format("--define {} ", quoted(definition));
  if (arguments.cpus != KunitOptions().cpus) text += fmt::format("--cpus {} ", arguments.cpus);
  text += fmt::format("--case {} ", quoted(shown.run.test_case->title()));
  if (shown.run.failing)
    text += fmt::format("--fail{} {} ", shown.run.failing->second == to_the_end ? "-from" : "",
                        shown.run.failing->first);
  return text + quoted(arguments.file);
}

// Prints KTAP; nested levels are indented by four columns.
class Ktap {
 public:
  void begin_level(const std::string& name, size_t tests) {
    line("KTAP version 1");
    if (!name.empty()) line("# Subtest: " + name);
    line(fmt::format("1..{}", tests));
  }
  void nest() { indent_ += 4; }
  void end_level() { indent_ -= 4; }
  void line(const std::string& text) { text_ += std::string(indent_, ' ') + text + "\n"; }
  void result(size_t number, const std::string& name, const KunitOutcome& outcome) {
    line(fmt::format("{} {} {}{}", outcome.is_good() ? "ok" : "not ok", number, name,
                     outcome.kind == KunitOutcome::skipped ? " # SKIP " + outcome.why : ""));
  }
  const std::string& text() const { return text_; }

 private:
  size_t indent_ = 0;
  std::string text_;
};

struct Totals {
  size_t passed = 0, failed = 0, skipped = 0;

  void add(const KunitOutcome& outcome) {
    (outcome.kind == KunitOutcome::passed    ? passed
     : outcome.kind == KunitOutcome::skipped ? skipped
                                             : failed)++;
  }
  std::string in_words() const {
    return fmt::format("pass:{} fail:{} skip:{} total:{}", passed, failed, skipped,
                       passed + failed + skipped);
  }
};

void add_words(Ktap& ktap, const KunitOutcome& outcome) {
  for (const std::string& line : outcome.log) ktap.line(line);
  if (outcome.is_good() || outcome.kind == KunitOutcome::failed) return;
  ktap.line(fmt::format("# {}: {}", name(outcome.kind), outcome.why));
  if (!outcome.where.empty()) ktap.line(fmt::format("# in {}: {}", outcome.where, outcome.values));
}

// outcomes[i] belongs to cases[i].
std::string ktap_of(const KunitModule& module, const std::vector<KunitCase>& cases,
                    const std::vector<KunitOutcome>& outcomes) {
  Ktap ktap;
  ktap.begin_level("", module.suites.size());
  for (size_t suite = 0, i = 0; suite < module.suites.size(); suite++) {
    // Parameters of the same case are consecutive.
    std::vector<std::pair<size_t, size_t>> groups;
    while (i < cases.size() && cases[i].suite == suite) {
      size_t end = i + 1;
      while (end < cases.size() && cases[end].suite == suite && cases[end].index == cases[i].index)
        end++;
      groups.push_back({i, end});
      i = end;
    }
    Totals of_suite;
    ktap.nest();
    ktap.begin_level(module.suites[suite]->name, groups.size());
    for (size_t g = 0; g < groups.size(); g++) {
      auto [begin, end] = groups[g];
      const KunitCase& first = cases[begin];
      if (end == begin + 1 && first.description.empty()) {
        add_words(ktap, outcomes[begin]);
        ktap.result(g + 1, first.name, outcomes[begin]);
        of_suite.add(outcomes[begin]);
        continue;
      }
      Totals of_case;
      KunitOutcome all;
      ktap.nest();
      ktap.begin_level(first.name, end - begin);
      for (size_t p = begin; p < end; p++) {
        add_words(ktap, outcomes[p]);
        ktap.result(p - begin + 1, cases[p].description, outcomes[p]);
        of_case.add(outcomes[p]);
        if (!outcomes[p].is_good()) all.kind = KunitOutcome::failed;
      }
      ktap.end_level();
      ktap.line(fmt::format("# {}: {}", first.name, of_case.in_words()));
      ktap.result(g + 1, first.name, all);
      of_suite.add(all);
    }
    ktap.end_level();
    ktap.line(fmt::format("# {}: {}", module.suites[suite]->name, of_suite.in_words()));
    ktap.line(fmt::format("{} {} {}", of_suite.failed ? "not ok" : "ok", suite + 1,
                          module.suites[suite]->name));
  }
  return ktap.text();
}

Swept sweep(const KunitRunner& runner, const Arguments& arguments, const KunitCase& test_case,
            const KunitOutcome& base, Findings& found) {
  Swept swept;
  swept.attempts = base.attempts.size();
  const std::vector<KunitRun> runs = kunit_fault_runs(test_case, base, arguments.most);
  swept.runs = runs.size();
  swept.failed_at = runs.size() / 2;
  std::vector<KunitOutcome> outcomes = runner.run(runs);
  for (size_t i = 0; i < runs.size(); i++) {
    const KunitOutcome& outcome = outcomes[i];
    swept.passed += outcome.is_good();
    swept.failed += outcome.kind == KunitOutcome::failed;
    swept.misused += outcome.kind == KunitOutcome::misuse;
    swept.found += outcome.is_finding();
    if (outcome.is_finding()) found.add(runs[i], outcome);
  }
  return swept;
}

json to_json(const KunitOutcome& outcome) {
  json row{{"result", name(outcome.kind)}, {"why", outcome.why}, {"log", outcome.log}};
  if (!outcome.key.empty())
    row.update({{"key", outcome.key},
                {"where", outcome.where},
                {"values", outcome.values},
                {"known", outcome.known},
                {"fault", outcome.fault}});
  return row;
}

json to_json(const Swept& swept) {
  return {{"attempts", swept.attempts}, {"failed_at", swept.failed_at}, {"runs", swept.runs},
          {"passed", swept.passed},     {"failed", swept.failed},       {"misuse", swept.misused},
          {"findings", swept.found}};
}

std::string in_words(const Findings& found, const Arguments& arguments) {
  std::string text;
  for (const Shown& shown : found.all) {
    const KunitOutcome& outcome = shown.outcome;
    text += fmt::format("\n{}\n  {}{}\n", outcome.key, outcome.why,
                        outcome.known.empty() ? "" : fmt::format(" (known: {})", outcome.known));
    if (!outcome.fault.empty()) text += fmt::format("  failed: {}\n", outcome.fault);
    if (!outcome.where.empty()) text += fmt::format("  in {}: {}\n", outcome.where, outcome.values);
    text += fmt::format("  {} of {}; to repeat: {}\n", counted(shown.runs, "run"),
                        counted(shown.cases.size(), "case"), command_of(arguments, shown));
  }
  return text;
}

// Throws Failure for a case that --case names and the suite lacks.
std::vector<KunitCase> chosen_cases(const KunitRunner& runner, const Arguments& arguments) {
  std::vector<KunitCase> cases;
  std::vector<std::string> names;
  for (const KunitCase& one : runner.cases()) {
    names.push_back(one.title());
    if (is_wanted(arguments, one)) cases.push_back(one);
  }
  for (const std::string& name : arguments.only)
    if (std::none_of(cases.begin(), cases.end(),
                     [&](const KunitCase& one) { return one.name == name || one.title() == name; }))
      throw Failure(unknown_word("case", name, names));
  return cases;
}

// Runs of the cases as given, without --faults.
std::vector<KunitRun> runs_of(const std::vector<KunitCase>& cases, const Arguments& arguments) {
  std::vector<KunitRun> runs;
  for (const KunitCase& one : cases) {
    KunitRun run{&one};
    if (arguments.fail) run.failing = {*arguments.fail, *arguments.fail};
    if (arguments.fail_from) run.failing = {*arguments.fail_from, to_the_end};
    runs.push_back(run);
  }
  return runs;
}

void add_json(json& rows, const Findings& findings, const Arguments& arguments) {
  for (const Shown& shown : findings.all) {
    json row = to_json(shown.outcome);
    row.update(
        {{"cases", shown.cases}, {"runs", shown.runs}, {"command", command_of(arguments, shown)}});
    rows.push_back(row);
  }
}

template <typename... Cells>
std::string table_row(const std::string& title, Cells... cells) {
  return fmt::format("{:<40} {:>8} {:>8} {:>6} {:>7} {:>7} {:>7} {:>8}\n", title, cells...);
}

int suite(const Arguments& arguments) {
  if ((arguments.fail || arguments.fail_from) && arguments.only.size() != 1)
    throw Failure("--fail and --fail-from apply to a single case: give one --case");
  KunitRunner runner(load_kunit(arguments.file, arguments.choice, arguments.definitions),
                     {.cpus = arguments.cpus, .jobs = arguments.jobs});
  const std::vector<KunitCase> cases = chosen_cases(runner, arguments);
  const std::vector<KunitRun> runs = runs_of(cases, arguments);
  const std::vector<KunitOutcome> outcomes = runner.run(runs);
  Findings plain, found;  // without and with the faults of --faults
  bool fails = false;
  for (size_t i = 0; i < runs.size(); i++) {
    fails |= !outcomes[i].is_good();
    if (outcomes[i].is_finding()) plain.add(runs[i], outcomes[i]);
  }
  if (!arguments.json) put(ktap_of(runner.module(), cases, outcomes) + in_words(plain, arguments));

  json rows = json::array();
  std::string table;
  size_t fault_runs = 0;
  for (size_t i = 0; i < cases.size(); i++) {
    json row = to_json(outcomes[i]);
    row.update({{"suite", runner.module().suites[cases[i].suite]->name},
                {"case", cases[i].name},
                {"parameter", cases[i].description}});
    if (arguments.faults && outcomes[i].is_good()) {
      const Swept swept = sweep(runner, arguments, cases[i], outcomes[i], found);
      row["faults"] = to_json(swept);
      table += table_row(cases[i].title(), swept.attempts, swept.failed_at, swept.runs,
                         swept.passed, swept.failed, swept.misused, swept.found);
      fault_runs += swept.runs;
    }
    rows.push_back(row);
  }
  if (arguments.json) {
    json shown = json::array();
    for (const Findings* each : {&plain, &found}) add_json(shown, *each, arguments);
    put(to_text(json{{"file", arguments.file},
                     {"variant", runner.module().variant->name},
                     {"cases", rows},
                     {"findings", shown}}));
  } else if (arguments.faults) {
    put("\neach allocation of the allocator failing, alone and with all later ones:\n" +
        table_row("case", "attempts", "failed", "runs", "passed", "fails", "misuses", "findings") +
        table + in_words(found, arguments) +
        fmt::format("\n{}, {} of the allocator\n", counted(fault_runs, "run"),
                    counted(found.all.size(), "finding")));
  }
  const bool has_new = std::any_of(found.all.begin(), found.all.end(),
                                   [](const Shown& one) { return one.outcome.known.empty(); });
  return fails || has_new ? findings : nothing_new;
}

}  // namespace
}  // namespace tool

int main(int argc, char** argv) {
  using namespace tool;
  Arguments arguments;
  CommandLine line("suite", "runs a KUnit suite over the shim, with failing allocations");
  line.option("FILE", arguments.file, "C file with kunit_test_suite()").required();
  arguments.choice.add_options(line);
  line.option("--case NAME", arguments.only, "test case to run (default: all); may be repeated")
      .one_at_a_time();
  line.option(
          "--define NAME=VALUE", arguments.definitions,
          "macro that the suite needs and the tree lacks: NAME=VALUE or NAME(x)=VALUE; may be repeated")
      .one_at_a_time();
  line.flag(
      "--faults", arguments.faults,
      "run each case again for each of the allocator's allocations, failing alone and with all later ones");
  line.option(
          "--most", arguments.most,
          "highest number of failing allocations per case for --faults, spread over all call sites")
      .range(1, 1'000'000);
  line.option("--fail", arguments.fail, "number of the only allocation that fails, from 0")
      .excludes("--faults");
  line.option("--fail-from", arguments.fail_from,
              "number of the first allocation that fails; all later ones fail, too")
      .excludes("--faults")
      .excludes("--fail");
  line.option("--cpus", arguments.cpus, "number of CPUs").range(1, SHIM_MAX_CPUS);
  line.option("--jobs", arguments.jobs, "number of parallel processes")
      .range(1, 1024)
      .shown_default("one per processor");
  line.flag("--json", arguments.json, "print JSON");
  line.example("iovafuzz suite --kernel ~/linux --faults ~/linux/drivers/iommu/iova-kunit.c",
               "runs the suite, then each case with failing allocations");
  return line.run(argc, argv, [&] { return suite(arguments); });
}
