// SPDX-License-Identifier: GPL-2.0-only
#include "tool/machine/call_list.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "tool/machine/listing.h"

namespace tool {
namespace {

using program::OpCode;
using program::Operation;
using program::Program;

// Random programs have no lasting flushes: those are for programs written for them.
enum class Origin { any, chance };

bool can_be_said(OpCode code, const Abilities& abilities, Origin origin = Origin::any) {
  if (program::is_about_cpus(code)) return abilities.cpus > 1;
  if (program::spec(code).overlap != program::Overlap::none)
    return origin == Origin::any && abilities.has_queues && abilities.cpus > 1;
  return abilities.has_queues || !program::is_of_queue(code);
}

// Removes the operation's prefixes of one kind.
bool erase_prefixes(Program& program, size_t at, bool (*is)(OpCode)) {
  std::vector<Operation>& all = program.operations;
  bool any = false;
  for (size_t i = at; i-- > 0 && program::is_prefix(all[i].code);) {
    if (!is(all[i].code)) continue;
    all.erase(all.begin() + static_cast<ptrdiff_t>(i));
    any = true;
  }
  return any;
}

// Removes the operation's faults, else its suspensions, else the operation itself.
bool leave_out(Program& program, size_t at) {
  std::vector<Operation>& all = program.operations;
  if (at >= all.size()) return false;
  if (erase_prefixes(program, at, [](OpCode code) { return code == OpCode::fail; })) return true;
  if (erase_prefixes(program, at, program::is_suspension)) return true;
  all.erase(all.begin() + static_cast<ptrdiff_t>(at));
  return true;
}

}  // namespace

Program sayable(const Program& program, const Abilities& abilities) {
  Program said;
  Operation cpus = program::make(OpCode::cpus);
  cpus.operands[0].number = abilities.cpus;
  said.operations.push_back(cpus);
  bool is_suspended = false, suspends = false, queues = false;
  for (const Operation& operation : program.operations) {
    if (!can_be_said(operation.code, abilities) || operation.code == OpCode::cpus) continue;
    // The kernel's CPU 0 cannot go offline.
    if (program::spec(operation.code).changes_cpus && program::names_cpu(operation, 0)) continue;
    // A list cannot move a strand from one suspension to the next, so drop repeated pauses.
    while (operation.code == OpCode::resume && said.operations.back().code == OpCode::pause)
      said.operations.pop_back();
    is_suspended |= program::is_suspension(operation.code);
    suspends |= is_suspended;
    queues |= operation.code == OpCode::queue;
    // Fault injection applies to a task and not to timer or work handlers.
    if (program::spec(operation.code).passes_time)
      erase_prefixes(said, said.operations.size(),
                     [](OpCode code) { return code == OpCode::fail; });
    // Linux rounds times, so sleep until nothing is pending.
    if (operation.code == OpCode::tick && !is_suspended)
      said.operations.push_back(program::make(OpCode::idle));
    else
      said.operations.push_back(operation);
    if (!program::is_prefix(operation.code)) is_suspended = false;
  }
  if (!queues) return said;
  // Ends all flushes here, since the end of a run would let exact times pass.
  for (size_t i = 0; suspends && i < program::max_suspended; i++)
    said.operations.push_back(program::make(OpCode::flush_done));
  said.operations.push_back(program::make(OpCode::idle));
  return said;
}

std::vector<OpCode> sayable_operations(const Abilities& abilities) {
  std::vector<OpCode> said;
  for (OpCode code : program::all_operations)
    if (can_be_said(code, abilities, Origin::chance)) said.push_back(code);
  return said;
}

CallLister::CallLister(const iova_variant& variant, const Abilities& abilities)
    : abilities_(abilities),
      isolated_(variant, {.watcher = &listing_watcher(abilities), .watch_races = false}) {}

std::optional<CallList> CallLister::list(const Program& program,
                                         const std::function<bool(const std::string&)>& may_die) {
  Program said = sayable(program, abilities_);
  while (true) {
    const Outcome outcome = isolated_.run(said);
    if (outcome.words.empty()) return std::nullopt;
    Listed run = listed(outcome.words);
    const bool dies = !run.list.dies_of.empty();
    const std::optional<size_t> without = run.unsaid_at                        ? run.unsaid_at
                                          : dies && !may_die(run.list.dies_of) ? run.dies_at
                                                                               : std::nullopt;
    if (!without) {
      run.list.program = std::move(said);
      return std::move(run.list);
    }
    if (!leave_out(said, *without)) return std::nullopt;
  }
}

std::vector<std::string> answered_lines(const CallList& list) {
  std::vector<std::string> all;
  std::istringstream lines(list.lines);
  std::string before;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("fail") || line.starts_with("cpu ") || line == "irqs_off" ||
        line == "dies" || line == "lasts" || line.starts_with("sleep ")) {
      before += line + ", ";
      continue;
    }
    all.push_back(before + line);
    before.clear();
  }
  return all;
}

std::optional<AnswerDifference> compare_answers(const CallList& list, const std::string& actual) {
  if (actual == list.answers) return std::nullopt;
  std::istringstream expected(list.answers), got(actual);
  AnswerDifference difference;
  for (const std::string& call : answered_lines(list)) {
    difference.call = call;
    if (!std::getline(expected, difference.expected)) difference.expected = "nothing";
    if (!std::getline(got, difference.actual)) difference.actual = "nothing";
    if (difference.expected != difference.actual) return difference;
  }
  std::getline(got, difference.actual);
  return AnswerDifference{"end", "nothing", difference.actual};
}

}  // namespace tool
