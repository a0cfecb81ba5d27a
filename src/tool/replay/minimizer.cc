// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/minimizer.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <set>

#include "tool/support/interrupt.h"

namespace tool {
namespace {

using program::Kind;
using program::OpCode;
using program::Operation;
using program::Program;
using program::Role;
using program::Value;

class Minimizer {
 public:
  Minimizer(const iova_variant& variant, const Program& program, const std::string& key,
            const MinimizeOptions& options)
      : variant_(variant), options_(options), is_race_(key.starts_with("data-race:")),
        isolated_(variant, isolate()) {
    best_.program = program;
    best_.key = key;
    // A finding that also shows without the fault counts as the same.
    size_t site = key.rfind(':');
    if (site != std::string::npos) key_without_fault_ = key.substr(0, site) + ":none";
  }

  Minimized minimize() {
    if (!shows(best_.program) || !look_at_best()) return std::move(best_);
    if (best_.outcome.report) drop_from(best_.outcome.report->operation_index + 1);
    do {
      changed_ = false;
      drop_operations();
      merge_operations();
      merge_preemptions();
      shrink_counts();
      clear_faults();
      rename();
      simplify_operands(false);
      if (!changed_) simplify_operands(true);
    } while (changed_ && !over_);
    bool is_shown = look_at_best();
    best_.is_minimal = is_shown && !over_;
    describe_needs();
    return std::move(best_);
  }

 private:
  IsolateOptions isolate() const {
    return {.expected = options_.expected,
            .timeout_ms = options_.timeout_ms,
            .known = options_.known,
            .tell_differences = options_.tell_differences,
            .watch_races = is_race_};
  }

  // Whether every run of the program shows the finding.
  bool shows(const Program& candidate) {
    std::string wanted = best_.key;
    for (unsigned i = 0; i < options_.times; i++) {
      if (interrupted() || best_.executions >= options_.max_executions) over_ = true;
      if (over_) return false;
      best_.executions++;
      std::string key = isolated_.run(candidate).key();
      if (key == key_without_fault_ && i == 0) wanted = key;
      if (key == wanted) continue;
      if (!key.empty() && !interrupted()) best_.also.try_emplace(key, candidate);
      return false;
    }
    best_.key = wanted;
    return true;
  }

  // Stores the outcome of the best program; returns false if a fresh process does not show the
  // finding.
  bool look_at_best() {
    best_.outcome = run_isolated(variant_, best_.program, isolate());
    return best_.outcome.key() == best_.key;
  }

  // Whether the candidate became the best program.
  bool take(Program candidate) {
    if (over_ || candidate == best_.program) return false;
    if (!tried_.insert(print(candidate)).second) return false;
    if (!shows(candidate)) return false;
    best_.program = std::move(candidate);
    changed_ = true;
    options_.on_step(best_.program);
    return true;
  }

  size_t size() const { return best_.program.operations.size(); }

  bool drop(size_t first, size_t count) {
    Program candidate = best_.program;
    auto at = candidate.operations.begin() + static_cast<ptrdiff_t>(first);
    candidate.operations.erase(at, at + static_cast<ptrdiff_t>(count));
    return take(std::move(candidate));
  }

  void drop_from(size_t first) {
    if (first < size()) drop(first, size() - first);
  }

  // Drops runs of operations, longer runs first, from the end. Single operations are tried again
  // until none can be dropped.
  void drop_operations() {
    for (size_t length = std::bit_floor(std::max<size_t>(size() / 2, 1)); length; length /= 2) {
      bool dropped;
      do {
        dropped = false;
        for (size_t end = size(); end >= length && end; end -= std::min(end, length))
          dropped |= drop(end - length, length);
      } while (dropped && length == 1 && !over_);
    }
    // Pairs of operations that only make sense together.
    constexpr size_t few = 24;
    if (size() > few) return;
    for (size_t second = size(); second-- > 1;)
      for (size_t first = second; first-- > 0;) {
        if (second >= size()) continue;
        Program candidate = best_.program;
        candidate.operations.erase(candidate.operations.begin() + static_cast<ptrdiff_t>(second));
        candidate.operations.erase(candidate.operations.begin() + static_cast<ptrdiff_t>(first));
        take(std::move(candidate));
      }
  }

  // Merges neighbours that differ only in their counts.
  void merge_operations() {
    for (size_t i = size(); i-- > 1;) {
      if (i >= size()) continue;
      Operation merged = best_.program.operations[i - 1];
      const Operation& next = best_.program.operations[i];
      int count = program::operand_index(merged.code, Role::count);
      if (count < 0 || next.code != merged.code) continue;
      uint64_t sum = merged.operands[count].number + next.operands[count].number;
      if (sum > program::max_count) continue;
      merged.operands[count] = next.operands[count];
      if (merged != next) continue;
      merged.operands[count].number = sum;
      Program candidate = best_.program;
      candidate.operations[i - 1] = merged;
      candidate.operations.erase(candidate.operations.begin() + static_cast<ptrdiff_t>(i));
      take(std::move(candidate));
    }
  }

  // Drops a pause and gives its point to another one. Two suspensions in a row often stand for one
  // that lasts longer.
  void merge_preemptions() {
    for (size_t gone = size(); gone-- > 0;)
      for (size_t stays = size(); stays-- > 0;) {
        if (gone >= size() || stays >= size() || gone == stays) continue;
        const Operation& other = best_.program.operations[gone];
        if (other.code != OpCode::pause || best_.program.operations[stays].code != OpCode::pause)
          continue;
        Program candidate = best_.program;
        const int point = program::operand_index(OpCode::pause, Role::point);
        candidate.operations[stays].operands[point] = other.operands[point];
        candidate.operations.erase(candidate.operations.begin() + static_cast<ptrdiff_t>(gone));
        take(std::move(candidate));
      }
  }

  bool set(size_t operation, int operand, Value value) {
    Program candidate = best_.program;
    candidate.operations[operation].operands[operand] = value;
    return take(std::move(candidate));
  }
  Value get(size_t operation, int operand) const {
    return best_.program.operations[operation].operands[operand];
  }

  // Shrinks a number until the finding no longer shows with one less.
  void shrink(size_t operation, int operand, uint64_t least) {
    auto with = [&](uint64_t number) {
      Value value = get(operation, operand);
      if (number < least || number >= value.number) return false;
      value.number = number;
      return set(operation, operand, value);
    };
    if (with(least)) return;
    // Go down in steps that are halved when they go too far.
    for (uint64_t step = get(operation, operand).number / 2; step; step /= 2)
      while (get(operation, operand).number > step && with(get(operation, operand).number - step)) {
      }
  }

  void shrink_counts() {
    for (size_t i = size(); i-- > 0;) {
      int count = program::operand_index(best_.program.operations[i].code, Role::count);
      if (count >= 0) shrink(i, count, 1);
    }
  }

  void clear_faults() {
    for (size_t i = size(); i-- > 0;) {
      int mask = program::operand_index(best_.program.operations[i].code, Role::mask);
      if (mask < 0) continue;
      // Clear halves, quarters, ... and at last single bits.
      for (unsigned width = 32; width; width /= 2)
        for (unsigned at = 0; at < 64; at += width) {
          uint64_t part = ((uint64_t{1} << width) - 1) << at;
          Value value = get(i, mask);
          if (!(value.number & part) || !(value.number & ~part)) continue;
          value.number &= ~part;
          set(i, mask, value);
        }
      // A single remaining bit moves to the first attempt that still shows the finding.
      Value value = get(i, mask);
      if (!std::has_single_bit(value.number)) continue;
      unsigned bit = value.base + static_cast<unsigned>(std::countr_zero(value.number));
      for (unsigned lower = 0; lower <= bit && lower < 64; lower++)
        if ((lower < bit || value.base) && set(i, mask, {0, uint64_t{1} << lower})) break;
    }
  }

  // Renumbers domains and slots in order of appearance.
  void rename() {
    Program candidate = best_.program;
    std::vector<uint8_t> domains;
    std::vector<uint64_t> slots;
    auto number_of = [](auto& seen, auto name) {
      auto found = std::find(seen.begin(), seen.end(), name);
      if (found == seen.end()) found = seen.insert(seen.end(), name);
      return static_cast<size_t>(found - seen.begin());
    };
    for (Operation& operation : candidate.operations) {
      if (program::spec(operation.code).on_domain)
        operation.domain = static_cast<uint8_t>(number_of(domains, operation.domain));
      if (int slot = program::operand_index(operation.code, Role::slot); slot >= 0)
        operation.operands[slot].number = number_of(slots, operation.operands[slot].number);
    }
    take(std::move(candidate));
  }

  static bool is_of_domain(OpCode code) { return code == OpCode::init || code == OpCode::cpus; }

  void simplify_operands(bool of_domains) {
    for (size_t i = size(); i-- > 0;) {
      OpCode code = best_.program.operations[i].code;
      if (is_of_domain(code) != of_domains) continue;
      auto operands = program::spec(code).operands;
      for (size_t k = 0; k < operands.size(); k++) simplify(i, static_cast<int>(k), operands[k]);
    }
  }

  void simplify(size_t operation, int operand, const program::OperandSpec& spec) {
    const program::RoleSpec& role = program::spec(spec.role);
    if (get(operation, operand) == spec.fallback || role.kind == Kind::mask ||
        spec.role == Role::count)
      return;
    if (set(operation, operand, spec.fallback)) return;
    if (role.kind != Kind::pfn) return shrink(operation, operand, role.low);
    // Take the simplest value of the pool that still shows the finding, else shrink the distance
    // from the base.
    for (const Value& value : role.pool) {
      if (!role.allows(value)) continue;
      if (get(operation, operand) == value) return;
      if (set(operation, operand, value)) return;
    }
    bool is_below = static_cast<int64_t>(get(operation, operand).number) < 0;
    if (!is_below) shrink(operation, operand, 0);
  }

  void describe_needs() {
    const engine::Report* report = best_.outcome.report ? &*best_.outcome.report : nullptr;
    const std::string verb = best_.is_minimal ? "it shows only if " : "so far, it shows only if ";
    if (report)
      for (const std::string& fault : report->faults)
        best_.needed.push_back(verb + "an allocation fails: " + fault);
    if (report && report->faults.empty()) best_.needed.push_back("no allocation has to fail");
    if (!best_.is_minimal) return;
    std::string& operands = best_.operands;
    for (size_t i = 0; i < size(); i++) {
      std::string of_operation;
      const Operation& operation = best_.program.operations[i];
      auto specs = program::spec(operation.code).operands;
      for (size_t k = 0; k < specs.size(); k++) {
        const program::RoleSpec& role = program::spec(specs[k].role);
        if (operation.operands[k] == specs[k].fallback || role.kind == Kind::mask ||
            specs[k].role == Role::slot)
          continue;
        of_operation += fmt::format("{}{}", of_operation.empty() ? "" : ", ",
                                    specs[k].role == Role::count ? "count" : role.key);
      }
      if (!of_operation.empty())
        operands +=
            fmt::format("{}{} of operation {}", operands.empty() ? "" : "; ", of_operation, i);
    }
    if (!operands.empty()) operands = "operands that matter: " + operands;
  }

  const iova_variant& variant_;
  const MinimizeOptions& options_;
  const bool is_race_;  // races are watched only then, since it takes time
  Isolated isolated_;
  std::string key_without_fault_;
  Minimized best_;
  std::set<std::string> tried_;  // as text
  bool changed_ = false, over_ = false;
};

}  // namespace

Minimized minimize(const iova_variant& variant, const program::Program& program,
                   const std::string& key, const MinimizeOptions& options) {
  return Minimizer(variant, program, key, options).minimize();
}

}  // namespace tool
