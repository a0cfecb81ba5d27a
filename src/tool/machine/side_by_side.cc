// SPDX-License-Identifier: GPL-2.0-only
#include "tool/machine/side_by_side.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/interrupt.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

using program::Program;

// A boot takes a fifth of a second to a few seconds, an emulated call 2 ms: minutes per boot at
// most.
constexpr size_t most_of_a_boot = 2000, most_bytes_of_a_boot = 4 << 20;
constexpr size_t most_differences = 5;

class Comparer {
 public:
  Comparer(const Machine& machine, const Abilities& abilities, const iova_variant& variant)
      : machine_(machine), abilities_(abilities), lister_(variant, abilities) {
    machine.build_replayer(folder_.path());
  }

  SideBySide compare(uint64_t count, const std::function<Program(uint64_t)>& make,
                     const std::function<void(uint64_t)>& on_progress) {
    uint64_t next = 0;
    std::vector<NumberedList> running;
    std::optional<Boot> boot;
    // Makes the next lists while the kernel runs.
    while (!interrupted()) {
      std::vector<NumberedList> lists = make_lists(next, count, make);
      if (boot) settle(running, boot->end());
      boot.reset();
      if (interrupted()) break;
      on_progress(result_.programs);
      if (lists.empty() || result_.differences.size() >= most_differences) break;
      running = std::move(lists);
      boot.emplace(start(running));
    }
    for (LinuxDifference& difference : result_.differences) minimize(difference);
    return std::move(result_);
  }

 private:
  fs::path calls() const { return folder_.path() / "calls"; }
  fs::path answers() const { return folder_.path() / "answers"; }

  std::vector<NumberedList> make_lists(uint64_t& next, uint64_t count,
                                       const std::function<Program(uint64_t)>& make) {
    std::vector<NumberedList> lists;
    size_t bytes = 0;
    auto may_die = [&](const std::string& oracle) {
      // Each death costs a boot.
      return planned_deaths_[oracle] < machine_.boots_for_a_death();
    };
    while (next < count && lists.size() < most_of_a_boot && bytes < most_bytes_of_a_boot &&
           !interrupted()) {
      const uint64_t number = next++;
      std::optional<CallList> list = lister_.list(make(number), may_die);
      if (!list) {
        result_.passed_over++;
        continue;
      }
      bytes += list->lines.size() + list->answers.size();
      const std::string dies_of = list->dies_of;
      const bool is_cut = list->is_cut;
      lists.push_back({number, *std::move(list)});
      if (!dies_of.empty()) planned_deaths_[dies_of]++;
      if (!dies_of.empty() || is_cut) break;  // a death or a cut list must be the last
    }
    return lists;
  }

  Boot start(std::span<const NumberedList> lists) const {
    write_file(calls(), lines_of_lists(lists));
    std::error_code ignored;
    fs::remove(answers(), ignored);
    return Boot(machine_.boot_command(folder_.path(), abilities_.cpus, calls(), answers()));
  }

  // Boots again for the remaining lists until all are answered: a death or difference ends a boot.
  void settle(std::span<const NumberedList> lists, std::string console) {
    // An interrupt also stops the machine.
    while (!interrupted()) {
      const Answered answered = read(lists, console);
      for (const NumberedList& one : lists.first(answered.items)) {
        result_.programs++;
        result_.calls += one.list.calls;
        result_.faults += one.list.faults;
      }
      const NumberedList& last = lists[answered.items - 1];
      if (answered.died) result_.deaths[last.list.dies_of]++;
      if (answered.silent) result_.silent[last.list.dies_of]++;
      if (answered.difference)
        result_.differences.push_back(
            {last.number, last.list.program, *answered.difference, complaint(console)});
      lists = lists.subspan(answered.items);
      if (lists.empty() || result_.differences.size() >= most_differences) return;
      console = start(lists).end();
    }
  }

  Answered read(std::span<const NumberedList> lists, const std::string& console) const {
    const std::string text = fs::exists(answers()) ? read_file(answers()) : "";
    if (text.empty()) {
      std::string words = complaint(console);
      throw Failure(fmt::format("the booted kernel made no calls; its console:\n{}",
                                words.empty() ? console : words));
    }
    return read_answers(lists, text);
  }

  // Whether Linux answers the program differently; fills in where.
  bool differs(LinuxDifference& difference, const Program& program) {
    if (interrupted() || ++tries_ > machine_.boots_for_a_difference()) return false;
    std::optional<CallList> list = lister_.list(program, [](const std::string&) { return true; });
    if (!list) return false;
    const NumberedList one[] = {{difference.number, *std::move(list)}};
    const std::string console = start(one).end();
    if (interrupted()) return false;  // the boot may have been cut short
    const Answered answered = read(one, console);
    if (!answered.difference) return false;
    difference.program = one[0].list.program;
    difference.where = *answered.difference;
    difference.words = complaint(console);
    return true;
  }

  void minimize(LinuxDifference& difference) {
    tries_ = 0;
    if (!differs(difference, difference.program)) return;
    const auto size = [&] { return difference.program.operations.size(); };
    for (size_t length = size() / 2; length; length /= 2)
      for (size_t end = size(); end >= length && end; end -= std::min(end, length)) {
        end = std::min(end, size());
        if (end < length) break;
        Program candidate = difference.program;
        auto from = candidate.operations.begin() + static_cast<ptrdiff_t>(end - length);
        candidate.operations.erase(from, from + static_cast<ptrdiff_t>(length));
        differs(difference, candidate);
      }
    for (size_t i = 0; i < size(); i++) {
      const int count =
          program::operand_index(difference.program.operations[i].code, program::Role::count);
      if (count < 0) continue;
      bool is_smaller = true;
      while (is_smaller && i < size()) {
        Program candidate = difference.program;
        uint64_t& number = candidate.operations[i].operands[static_cast<size_t>(count)].number;
        if (number < 2) break;
        number /= 2;
        is_smaller = differs(difference, candidate);
      }
    }
  }

  TemporaryFolder folder_;
  const Machine& machine_;
  const Abilities abilities_;
  CallLister lister_;
  SideBySide result_;
  std::map<std::string, uint64_t> planned_deaths_;
  unsigned tries_ = 0;
};

}  // namespace

std::string lines_of_lists(std::span<const NumberedList> lists) {
  std::string text;
  for (const NumberedList& one : lists)
    text += fmt::format("program {:x}\n{}end\n", one.number, one.list.lines);
  return text;
}

Answered read_answers(std::span<const NumberedList> lists, const std::string& answers) {
  size_t at = 0;
  for (size_t i = 0; i < lists.size(); i++) {
    const CallList& list = lists[i].list;
    const bool dies = !list.dies_of.empty();
    const std::string head = fmt::format("program {:x}\n", lists[i].number);
    const std::string expected = head + list.answers + (dies ? "dies\n" : "end\n");
    if (answers.compare(at, expected.size(), expected) == 0) {
      at += expected.size();
      if (!dies) continue;
      return {i + 1, at == answers.size(), at != answers.size(), std::nullopt};
    }
    if (answers.compare(at, head.size(), head) != 0)
      return {i + 1, false, false, AnswerDifference{"program", "begins", "nothing"}};
    at += head.size();
    // Up to the list's end, or the end of the answers.
    size_t end = at;
    while (end < answers.size() && answers.compare(end, 4, "end\n") != 0 &&
           answers.compare(end, 5, "dies\n") != 0) {
      const size_t line = answers.find('\n', end);
      end = line == answers.npos ? answers.size() : line + 1;
    }
    std::optional<AnswerDifference> difference =
        compare_answers(list, answers.substr(at, end - at));
    if (!difference) difference = {"end", "ends", "nothing"};
    return {i + 1, false, false, difference};
  }
  return {lists.size(), false, false, std::nullopt};
}

void check_comparable(const iova_variant& variant) {
  if (!variant.init_rcaches)
    throw Failure(fmt::format("{} has no iova_domain_init_rcaches(): a comparison needs Linux "
                              "v5.18 or newer",
                              variant.name));
}

SideBySide compare_with_linux(const Machine& machine, const Abilities& abilities,
                              const iova_variant& variant, uint64_t count,
                              const std::function<Program(uint64_t number)>& make,
                              const std::function<void(uint64_t done)>& on_progress) {
  return Comparer(machine, abilities, variant).compare(count, make, on_progress);
}

}  // namespace tool
