// SPDX-License-Identifier: GPL-2.0-only
#include "triage/mutants/mutant_judge.h"

#include <fmt/core.h>
#include <numeric>

#include "engine/ledger.h"
#include "engine/oracles.h"
#include "fuzz/targets.h"
#include "kernel/kernel_variant.h"
#include "tool/campaign/campaign.h"
#include "tool/campaign/fuzzer.h"
#include "tool/replay/kunit_runs.h"
#include "tool/replay/random_program.h"
#include "tool/support/build.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/variants/kernel.h"
#include "tool/variants/variants.h"

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

namespace tool {
namespace {

constexpr const char mutated_file[] = "drivers/iommu/iova.c";
constexpr int timeout_ms = 10'000;     // per program; seeds need a thousandth of it
constexpr unsigned input_timeout = 5;  // s, per execution of a target

std::string code_target(const KernelTree& tree) { return "kernel_code_" + tree.name; }

std::string code_of(const KernelTree& tree) {
  return read_file(build_folder() / "kernels" / tree.name / "code.o");
}

// CPU time of this process and all children that it has waited for.
double cpu_seconds_so_far() {
  double sum = 0;
  for (int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    getrusage(who, &usage);
    sum += cpu_seconds(usage);
  }
  return sum;
}

uint64_t steps_of(const Outcome& outcome) {
  return std::accumulate(outcome.costs.begin(), outcome.costs.end(), uint64_t{0});
}

bool is_difference(const std::string& key) { return key.starts_with("variants-differ"); }

}  // namespace

MutantJudge::MutantJudge(const KernelTree& tree, unsigned slots, const JudgeOptions& options)
    : tree_(tree), options_(options), original_(&load_kernel(tree)), likeness_(nullptr) {
  if (std::string revision = likeness(*original_); !revision.empty())
    likeness_ = &parse_variant(revision).variant();
  for (const fs::path& file : expand({(source_folder() / "corpus").string()}))
    inputs_.push_back(read_input(file));
  for (const Input& input : inputs_) jobs_.push_back({&input.program, {}});
  run_seeds();
  if (!options_.suite.empty()) run_suite();
  build_slots(slots);
}

IsolateOptions MutantJudge::isolate() const {
  return {.timeout_ms = timeout_ms, .known = engine::known_keys(*original_)};
}

void MutantJudge::run_seeds() {
  run_isolated(*original_, jobs_, isolate(),
               [&](size_t, const Outcome& outcome) { expected_.push_back(outcome); });
  if (!likeness_) return;
  IsolateOptions comparing = isolate();
  comparing.expected = likeness_;
  run_isolated(*original_, jobs_, comparing, [&](size_t, const Outcome& outcome) {
    if (outcome.kind != Outcome::clean) likeness_ = nullptr;
  });
}

namespace {

// Outcomes of all cases; if all are good, also of runs with failing allocations.
struct SuiteRun {
  std::vector<KunitCase> cases;
  std::vector<KunitOutcome> plain;
  std::vector<std::pair<const KunitCase*, KunitOutcome>> with_failures;

  explicit SuiteRun(KunitModule module) {
    constexpr size_t most_failures = 8;  // per case
    KunitRunner runner(std::move(module), {.timeout_ms = timeout_ms});
    cases = runner.cases();
    std::vector<KunitRun> runs;
    for (const KunitCase& one : cases) runs.push_back({&one});
    plain = runner.run(runs);
    if (first_bad() < cases.size()) return;
    runs.clear();
    for (size_t i = 0; i < cases.size(); i++)
      for (const KunitRun& run : kunit_fault_runs(cases[i], plain[i], most_failures))
        runs.push_back(run);
    std::vector<KunitOutcome> outcomes = runner.run(runs);
    for (size_t i = 0; i < runs.size(); i++)
      with_failures.push_back({runs[i].test_case, outcomes[i]});
  }
  SuiteRun(const SuiteRun&) = delete;

  size_t first_bad() const {
    size_t i = 0;
    while (i < plain.size() && plain[i].is_good()) i++;
    return i;
  }
};

}  // namespace

void MutantJudge::run_suite() {
  build({kunit_library(tree_)});
  SuiteRun run(load_kunit(options_.suite, tree_, options_.definitions));
  if (size_t bad = run.first_bad(); bad < run.cases.size())
    throw Failure(fmt::format("{}: {} fails on the unchanged tree, so it cannot judge mutants: {}",
                              options_.suite, run.cases[bad].title(), run.plain[bad].why));
  for (const auto& [test_case, outcome] : run.with_failures)
    if (outcome.is_finding()) causes_.insert(outcome.cause);
}

SuiteVerdict MutantJudge::judge_suite(const Slot& slot) const {
  SuiteRun run(load_kunit(options_.suite, slot.tree, options_.definitions));
  if (size_t bad = run.first_bad(); bad < run.cases.size())
    return {"killed", run.cases[bad].title(), run.plain[bad].why};
  for (const auto& [test_case, outcome] : run.with_failures)
    if (outcome.is_finding() && !causes_.contains(outcome.cause))
      return {"killed with failures", test_case->title(), outcome.why};
  return {"survived"};
}

void MutantJudge::build_slots(unsigned count) {
  std::vector<ModuleVariant> modules;
  std::vector<std::string> codes;
  for (unsigned i = 0; i < count; i++) {
    std::string name = fmt::format("mutant-{}", i);
    // Keeps the title of the original tree, for the ledger and for reports.
    Slot slot{{name, tree_.title, tree_.folder, build_folder() / "mutants" / name, tree_.build},
              ""};
    make_folder((slot.tree.changed / mutated_file).parent_path());
    write_file(slot.tree.changed / mutated_file, read_file(tree_.folder / mutated_file));
    modules.push_back(module_of(slot.tree));
    codes.push_back(code_target(slot.tree));
    if (!options_.suite.empty()) codes.push_back(kunit_library(slot.tree));
    slots_.push_back(std::move(slot));
  }
  CommandResult built = try_build_modules(modules);
  if (!built.status) built = try_build(codes);
  if (built.status) throw Failure(fmt::format("the build failed:\n{}", built.output));
  for (Slot& slot : slots_) slot.code = code_of(slot.tree);
}

bool MutantJudge::compiles(const Slot& slot, const std::string& source) const {
  write_file(slot.tree.changed / mutated_file, source);
  std::vector<std::string> targets{module_of(slot.tree).target, code_target(slot.tree)};
  if (!options_.suite.empty()) targets.push_back(kunit_library(slot.tree));
  CommandResult built = try_build(targets);
  if (built.status && built.output.find("error:") == std::string::npos)
    throw Failure(fmt::format("the build failed:\n{}", built.output));
  return built.status == 0;
}

static bool breaks_promise(const MutantVerdict& verdict) {
  return verdict.is_killed() && !engine::is_difference(verdict.key);
}

Judgement MutantJudge::judge(unsigned number, const std::string& source, bool ours,
                             bool suite) const {
  const Slot& slot = slots_[number];
  if (!compiles(slot, source)) return {MutantVerdict{.result = "not compiled"}, SuiteVerdict()};
  if (code_of(slot.tree) == slot.code)
    return {MutantVerdict{.result = "same code"}, SuiteVerdict()};
  Judgement judgement;
  if (ours) judgement.ours = judge_ours(slot);
  if (suite) judgement.suite = judge_suite(slot);
  return judgement;
}

MutantVerdict MutantJudge::judge_ours(const Slot& slot) const {
  const auto& mutant =
      *static_cast<const iova_variant*>(load_module(module_of(slot.tree), KERNEL_VARIANT_SYMBOL));
  double before = cpu_seconds_so_far();
  MutantVerdict verdict{.result = "survived"};
  killed_by_seeds(mutant, verdict);
  if (options_.time.count() > 0) {
    if (!verdict.is_killed()) killed_by_comparison(mutant, verdict);
    // A mutant that only differs may break a promise in a campaign.
    MutantVerdict further = verdict;
    if (!breaks_promise(verdict) && killed_by_campaign(slot, mutant, further) &&
        (breaks_promise(further) || !verdict.is_killed()))
      verdict = further;
  }
  if (verdict.is_killed())
    verdict.result = breaks_promise(verdict) ? "breaks a promise" : "differs only";
  verdict.cpu_seconds = cpu_seconds_so_far() - before;
  return verdict;
}

// A broken rule says more than a difference, so a seed that only differs does not end the search.
bool MutantJudge::killed_by_seeds(const iova_variant& mutant, MutantVerdict& verdict) const {
  struct Enough {};
  const Input* different = nullptr;
  uint64_t steps = 0, expected_steps = 0;
  auto blame = [&](const Input& input, const std::string& key) {
    verdict.stage = "seeds";
    verdict.key = key;
    verdict.source = fs::relative(input.path, source_folder()).string();
    verdict.program = program::print(input.program);
  };
  try {
    run_isolated(mutant, jobs_, isolate(), [&](size_t index, const Outcome& outcome) {
      const Outcome& expected = expected_[index];
      steps += steps_of(outcome);
      expected_steps += steps_of(expected);
      bool same = outcome.key() == expected.key() && outcome.trace_hash == expected.trace_hash;
      if (!same && !different) different = &inputs_[index];
      if (same || outcome.kind == Outcome::clean || outcome.key() == expected.key()) return;
      blame(inputs_[index], outcome.key());
      throw Enough();
    });
  } catch (Enough) {
    return true;
  }
  if (!different) {
    if (expected_steps)
      verdict.steps = static_cast<double>(steps) / static_cast<double>(expected_steps);
    return false;
  }
  IsolateOptions comparing = isolate();
  comparing.expected = original_;
  std::string key = run_isolated(mutant, different->program, comparing).key();
  blame(*different, key.empty() ? "variants-differ" : key);
  return true;
}

bool MutantJudge::killed_by_comparison(const iova_variant& mutant, MutantVerdict& verdict) const {
  constexpr uint64_t programs_at_once = 200;
  const auto end = Clock::now() + options_.time / 4;
  for (uint64_t first = 0; Clock::now() < end;) {
    auto make = [&](uint64_t number) {
      return random_program(options_.seed, first + number, inputs_);
    };
    Comparison comparison =
        compare_isolated(*original_, mutant, programs_at_once, 1, make, [](uint64_t) {});
    if (comparison.outcome.kind == Outcome::clean) {
      verdict.programs += programs_at_once;
      first += programs_at_once;
      continue;
    }
    verdict.programs += comparison.number + 1;
    program::Program program = make(comparison.number);
    std::string key = run_isolated(mutant, program, isolate()).key();
    // Ignores findings that the tree shows, too.
    bool own = key == run_isolated(*original_, program, isolate()).key();
    if (own && is_difference(comparison.outcome.key())) key = comparison.outcome.key();
    if (!own || is_difference(key)) {
      verdict.stage = "comparison";
      verdict.key = key.empty() ? comparison.outcome.key() : key;
      verdict.source = "random program";
      verdict.program = program::print(program);
      return true;
    }
    first += comparison.number + 1;
  }
  return false;
}

bool MutantJudge::killed_by_campaign(const Slot& slot, const iova_variant& mutant,
                                     MutantVerdict& verdict) const {
  CampaignOptions options;
  options.variant_folder = build_name(slot.tree);
  options.tested = {&mutant, fmt::format("--kernel {} ", tree_.title), likeness_, "compared:"};
  std::vector<Binary> binaries;
  for (const fuzz::Target* target : fuzz::targets) {
    // Excludes targets that seek cost or read text: neither judges the allocator's behaviour.
    if (target->reads_text || target->seeks_cost) continue;
    if ((target->needs_queue && !mutant.queue) || (target->compares && !likeness_)) continue;
    options.targets.push_back(target);
    binaries.push_back({target, options.variant_folder});
  }
  build_binaries(binaries);
  options.time = options_.time - options_.time / 4;
  options.seed = options_.seed;
  options.first = true;
  options.input_timeout = input_timeout;
  options.out = slot.tree.changed / "campaign";
  fs::remove_all(options.out);
  CampaignResult result = run_campaign(options, [](const Progress&, const StoredFinding*) {});
  if (result.progress.interrupted) throw Failure("interrupted");
  for (const TargetProgress& row : result.progress.targets) verdict.executions += row.executions;
  for (const StoredFinding& finding : result.findings) {
    program::Program program = read_input(finding.reproducer).program;
    IsolateOptions options_of_target = isolate();
    for (const fuzz::Target* target : options.targets)
      if (finding.target == target->name && target->compares)
        options_of_target.expected = likeness_;
    // The finding must show again on the mutant and not on the tree.
    std::string key = run_isolated(mutant, program, options_of_target).key();
    if (key.empty() || key == run_isolated(*original_, program, options_of_target).key()) continue;
    verdict.stage = "campaign";
    verdict.key = finding.key;
    verdict.source = finding.target;
    verdict.program = program::print(program);
    return true;
  }
  return false;
}

}  // namespace tool
