// SPDX-License-Identifier: GPL-2.0-only
#include "triage/preflight/crashes.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/ledger.h"
#include "engine/oracles.h"
#include "engine/report.h"
#include "iova/defect.h"
#include "iova/revision.h"
#include "program/mutation.h"
#include "tool/support/build.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/variants/port.h"
#include "tool/variants/shown_defects.h"
#include "triage/preflight/runner.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

constexpr size_t mutants = 12, enough_inputs = 5;

// A defect or issue to show: the binary and the program for it.
struct Case {
  std::string of, variant, call;  // call: declares the variant to the build; "" if the build has it
  const char* target;
  program::Program program;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const ShownDefect& shown : shown_defects()) {
    const port::DefectInfo& defect = find_defect(shown.defect);
    std::string variant = build_name("fixed", &defect);
    bool is_race = std::string_view(shown.oracle) == "data-race";
    all.push_back(
        {fmt::format("defect {}", shown.defect), variant,
         fmt::format("iovafuzz_port({0} fixed {1})\niovafuzz_fuzzed({0})", variant, defect.flag),
         is_race ? "iova_races" : "iova_domain", program_of(shown)});
  }
  for (const engine::KnownFinding& issue : engine::ledger()) {
    if (issue.affected.empty()) continue;  // shows only in old trees
    std::string variant;
    for (const port::NamedRevision& revision : port::named_revisions)
      if (revision.name == issue.affected.back()) variant = revision.identifier;
    all.push_back({fmt::format("issue {}", issue.id), variant, "", "iova_domain",
                   program::parse(read_file(source_folder() / "corpus" / issue.reproducer))});
  }
  return all;
}

// All operations but pause: in overlapping calls a defect shows under many keys.
std::vector<program::OpCode> one_after_another() {
  std::vector<program::OpCode> codes;
  for (program::OpCode code : program::all_operations)
    if (code != program::OpCode::pause) codes.push_back(code);
  return codes;
}

std::string key_in(const std::string& text) {
  static const std::string begin = "==iovafuzz== key: ";
  size_t at = text.find(begin);
  if (at == text.npos) return "";
  at += begin.size();
  return text.substr(at, text.find('\n', at) - at);
}

class CaseRunner {
 public:
  CaseRunner(const Case& shown, const fs::path& binary) : shown_(shown), binary_(binary) {}

  std::vector<Crash> run() {
    if (!take(0, shown_.program))
      throw Failure(fmt::format("{} shows no finding in {}", shown_.of, binary_.string()));
    const std::vector<program::OpCode> codes = one_after_another();
    size_t inputs = 1;
    for (size_t number = 1; number <= mutants && inputs < enough_inputs; number++) {
      program::Program mutant = shown_.program;
      program::Mutator mutator(codes, number);
      for (size_t i = 0; i <= number % 3; i++) mutator.mutate(mutant);
      inputs += take(number, mutant);
    }
    return std::move(crashes_);
  }

 private:
  // Symbolizing is slow, so do it for two inputs only.
  bool take(size_t number, const program::Program& program) {
    std::vector<uint8_t> bytes = program::encode(program);
    std::string input =
        folder_.write("input", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    for (bool symbolized : {false, true}) {
      if (symbolized && with_symbols_ == 2) break;
      CommandResult result = run_target(
          binary_, {input}, {.seconds = 60, .symbolizes = symbolized, .goes_past = false});
      std::string key = key_in(result.output);
      if (key.empty()) return false;
      with_symbols_ += symbolized;
      crashes_.push_back({shown_.of, number, key, {result.output, symbolized}});
    }
    return true;
  }

  const Case& shown_;
  fs::path binary_;
  TemporaryFolder folder_;
  size_t with_symbols_ = 0;
  std::vector<Crash> crashes_;
};

std::string oracle_text(const shim::Oracle& oracle) {
  engine::Report report;
  report.key = fmt::format("{}:alloc_iova:alloc:none", oracle.id);
  report.headline = oracle.rule;
  report.severity = oracle.severity;
  report.blame = "allocator";
  report.function = "alloc_iova (src/iova/iova.cc:1)";
  report.operation = "2 (alloc size=3)";
  report.program = "  cache_get\n  init\n> alloc size=3\n";
  report.call = "alloc_iova";
  return engine::format(report);
}

}  // namespace

std::vector<Crash> crash_everything(const FarmBuild& build) {
  const std::vector<Case> all = cases();
  std::vector<std::string> calls, targets;
  for (const Case& shown : all) {
    if (!shown.call.empty()) calls.push_back(shown.call);
    targets.push_back(fmt::format("{}-{}", shown.target, shown.variant));
  }
  fs::path binaries = build_more(build, calls, targets);
  std::vector<std::vector<Crash>> by_case(all.size());
  in_parallel(all.size(), [&](size_t i) {
    by_case[i] = CaseRunner(all[i], binaries / all[i].variant / all[i].target).run();
  });
  std::vector<Crash> crashes;
  for (std::vector<Crash>& of_case : by_case)
    for (Crash& crash : of_case) crashes.push_back(std::move(crash));
  return crashes;
}

std::vector<OracleCrash> crash_of_every_oracle(const std::string& ended_like) {
  size_t end = ended_like.find(end_of_report);
  std::string tail =
      end == ended_like.npos ? "" : ended_like.substr(end + std::size(end_of_report) - 1);
  std::vector<OracleCrash> crashes;
  auto add = [&](const shim::Oracle& oracle) {
    crashes.push_back({oracle.id, oracle_text(oracle) + tail});
  };
  for (auto oracles : {shim::oracles(), engine::oracles()})
    for (const shim::Oracle* oracle : oracles) add(*oracle);
  for (const char* id : {"wild-access", "ubsan-out-of-bounds-index", "msan-unset-memory"})
    add({id, "report of a sanitizer", false, shim::Severity::memory_safety});
  return crashes;
}

}  // namespace tool
