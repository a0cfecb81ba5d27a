// SPDX-License-Identifier: GPL-2.0-only
#include "tool/machine/calls_shown.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "engine/oracles.h"
#include "tool/machine/side_by_side.h"
#include "tool/replay/isolate.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/interrupt.h"
#include "tool/support/words.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

using program::OpCode;
using program::Operation;
using program::Program;

// Operations that the list does not state. A tick replaced by idle is not missing.
std::vector<std::string> left_out_of(const Program& program, const Program& said) {
  std::vector<std::string> missing;
  auto next = said.operations.begin();
  for (const Operation& operation : program.operations) {
    if (operation.code == OpCode::cpus) continue;
    const std::string text = program::print(operation);
    const auto at = std::find_if(next, said.operations.end(), [&](const Operation& other) {
      return program::print(other) == text ||
             (operation.code == OpCode::tick && other.code == OpCode::idle);
    });
    if (at == said.operations.end())
      missing.push_back(text);
    else
      next = at + 1;
  }
  return missing;
}

// Number of answers up to the finding; 0: not found.
size_t answers_until(const CallList& list, const engine::Report& report) {
  for (const CallList::Found& found : list.found)
    if (found.oracle == engine::oracle_of(report.key)) return found.answers;
  return 0;
}

}  // namespace

Closing closing(const CallList& list) {
  struct Domain {
    std::map<uint64_t, uint64_t> fast, nodes;  // end pfn by first pfn
  };
  std::map<uint64_t, Domain> domains;
  std::set<uint64_t> lasting;
  uint64_t begun = 0;
  const std::vector<std::string> answers = lines_of(list.answers), calls = answered_lines(list);
  for (size_t i = 0; i < calls.size() && i < answers.size(); i++) {
    std::istringstream words(calls[i].substr(calls[i].find_last_of(',') + 1));
    std::string function;
    uint64_t number = 0, first = 0, size = 0;
    words >> function >> std::hex >> number >> first >> size;
    if (answers[i] == "lasts") lasting.insert(begun++);
    if (function == "flush_done") lasting.erase(number);
    if (function == "init_iova_domain") domains[number] = {};
    if (function == "put_iova_domain") domains.erase(number);
    const auto at = domains.find(number);
    if (at == domains.end()) continue;
    Domain& domain = at->second;
    uint64_t lo = 0, hi = 0;
    char dash = 0;
    std::istringstream(answers[i]) >> std::hex >> lo >> dash >> hi;
    if (function == "alloc_iova_fast" && lo) domain.fast[lo] = lo + first;
    if ((function == "alloc_iova" || function == "reserve_iova") && hi) domain.nodes[lo] = hi + 1;
    if (function == "free_iova_fast" || function == "queue_iova") domain.fast.erase(first);
    if (function != "free_iova" && function != "__free_iova") continue;
    for (auto* ranges : {&domain.fast, &domain.nodes}) {
      auto range = ranges->upper_bound(first);
      if (range != ranges->begin() && first < (--range)->second) ranges->erase(range);
    }
  }
  Closing all;
  for (uint64_t flush : lasting) all.lines += fmt::format("flush_done {:x}\n", flush);
  all.lines += "sleep 7d0\n";
  for (const auto& [number, domain] : domains) {
    for (const auto& [lo, end] : domain.fast)
      all.lines += fmt::format("free_iova_fast {:x} {:x} {:x}\n", number, lo, end - lo);
    // A refused request flushes the magazines.
    all.lines +=
        fmt::format("alloc_iova_fast {0:x} 10000 0 1\ntree {0:x}\nput_iova_domain {0:x}\n", number);
    all.left += 1 + domain.nodes.size();  // 1 for the anchor node
  }
  return all;
}

uint64_t left_in(const CallList& list, const std::string& answers) {
  const std::vector<std::string> calls = answered_lines(list), answered = lines_of(answers);
  uint64_t left = 0;
  for (size_t i = 0; i + 1 < calls.size() && i < answered.size(); i++)
    if (calls[i].find("tree ") != calls[i].npos && answered[i].starts_with("t") &&
        calls[i + 1].find("put_iova_domain ") != calls[i + 1].npos)
      left += std::stoull(answered[i].substr(1));
  return left;
}

Confirmation judge_answers(const CallsToShow& shown, const std::string& answers,
                           const std::string& console) {
  const CallList& list = shown.list;
  const engine::Report& report = shown.report;
  if (const std::string words = complaint(console); !words.empty()) {
    const bool is_same = is_on_stack(console, report);
    return {is_same ? Confirmation::same : Confirmation::other, words};
  }
  const std::vector<std::string> calls = answered_lines(list), expected = lines_of(list.answers),
                                 actual = lines_of(answers);
  const uint64_t here = left_in(list, answers);
  const std::string lost =
      here > shown.left
          ? fmt::format(
                "left in the tree after everything is freed: {} more than in a correct run\n",
                counted(here - shown.left, "range"))
          : "";
  const size_t until = std::min(answers_until(list, report), calls.size());
  for (size_t i = 0; i < until; i++) {
    // If the shim dies here, "dies" precedes Linux's answer.
    const size_t at = i < expected.size() ? i : i + 1;
    const std::string said = i < expected.size() ? expected[i] : "dies",
                      answered = at < actual.size() ? actual[at] : "nothing";
    if (answered == said) continue;
    return {lost.empty() ? Confirmation::nothing : Confirmation::other,
            fmt::format("{}line {} of {}, {}:\n  shim:  {}\n  Linux: {}\n", lost, i + 1, until,
                        calls[i], said, answered)};
  }
  if (!until) return {Confirmation::no_answer, console};
  size_t last = until - 1;
  while (last && calls[last].find("tree ") != calls[last].npos) last--;
  return {Confirmation::same,
          fmt::format(
              "{}Linux answers all {} lines up to the finding as the shim does; the last call:\n"
              "  {}\n  {}\n",
              lost, until, calls[last], actual[last])};
}

CallsToShow calls_to_show(const Program& program, const iova_variant& variant,
                          const iova_variant& right, unsigned most_cpus) {
  const Outcome outcome = run_isolated(variant, program);
  if (!outcome.report)
    throw Failure(fmt::format("the program shows {} on {}: there is nothing to confirm",
                              outcome.key().empty() ? "nothing" : outcome.key(), variant.name));
  CallsToShow calls;
  calls.report = *outcome.report;
  if (engine::oracle_of(calls.report.key) == "data-race")
    throw Failure("a data race without a visible effect needs KCSAN: calls cannot confirm it");
  calls.abilities = {.cpus = std::min(program::cpus_of(program), most_cpus),
                     .has_queues = true,
                     .fails_creations = true};
  const auto may_die = [](const std::string&) { return true; };
  std::optional<CallList> list = CallLister(variant, calls.abilities).list(program, may_die);
  if (list) calls.left_out = left_out_of(program, list->program);
  if (!list || !answers_until(*list, calls.report))
    throw Failure(fmt::format(
        "a booted kernel cannot reproduce {}: it does not show without {}", calls.report.key,
        calls.left_out.empty() ? "exact times"
                               : fmt::format("{}", fmt::join(calls.left_out, ", "))));
  calls.list = *std::move(list);
  calls.left = ~uint64_t{0};
  if (calls.list.is_cut && calls.list.dies_of.empty()) {
    const Closing end = closing(calls.list);
    calls.list.lines += end.lines;
    calls.left = end.left;
  } else if (const auto as_right = CallLister(right, calls.abilities).list(program, may_die)) {
    calls.left = left_in(*as_right, as_right->answers);
  }
  return calls;
}

CallsShown show_calls(const Machine& machine, const CallsToShow& calls) {
  const TemporaryFolder folder;
  machine.build_replayer(folder.path());
  const NumberedList lists[] = {{0, calls.list}};
  const fs::path lines = folder.write("calls", lines_of_lists(lists)),
                 file = folder.path() / "answers";
  CallsShown shown;
  shown.console =
      Boot(machine.boot_command(folder.path(), calls.abilities.cpus, lines, file)).end();
  if (interrupted()) throw Failure("interrupted");
  std::string answers = fs::exists(file) ? read_file(file) : "";
  if (answers.empty())
    throw Failure(fmt::format("the booted kernel made no calls; its console:\n{}", shown.console));
  answers.erase(0, answers.find('\n') + 1);
  shown.answer = judge_answers(calls, answers, shown.console);
  return shown;
}

}  // namespace tool
