// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/explorer.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "tool/support/failure.h"

namespace tool {
namespace {

using engine::Footprints;
using program::OpCode;
using program::Operation;
using program::Role;

shim::Footprint whole(const Footprints::OfOperation& operation) {
  shim::Footprint all;
  for (const shim::Footprint& stretch : operation.stretches)
    all.insert(all.end(), stretch.begin(), stretch.end());
  shim::sort_footprint(all);
  return all;
}

Operation named(OpCode code, unsigned strand, uint64_t point = 0) {
  Operation operation = program::make(code);
  operation.operands[static_cast<size_t>(program::operand_index(code, Role::strand))].number =
      strand;
  if (int index = program::operand_index(code, Role::point); index >= 0)
    operation.operands[static_cast<size_t>(index)].number = point;
  return operation;
}

class Explorer {
 public:
  Explorer(const iova_variant& variant, const std::vector<std::string>& known,
           std::optional<std::chrono::steady_clock::time_point> deadline,
           const std::function<void(const Exploration&)>& on_progress)
      : isolated_(variant, {.footprints = true, .known = known}), deadline_(deadline),
        on_progress_(on_progress) {}

  Exploration explore(const program::Program& program, unsigned preemptions) {
    unsigned first_name = 0;
    for (const Operation& operation : program.operations)
      if (operation.code == OpCode::pause)
        first_name =
            std::max(first_name, static_cast<unsigned>(value(operation, Role::strand).number) + 1);
    if (first_name + preemptions > program::max_suspended)
      throw Failure(
          fmt::format("at most {} operations can be suspended at a time", program::max_suspended));
    name_ends_ = first_name;
    Footprints base;
    if (!runs_clean(program, base)) return result_;
    for (unsigned most = 1; most <= preemptions; most++) {
      name_ends_ = first_name + most;
      if (!from(program, base, 0, first_name)) break;
    }
    return result_;
  }

 private:
  // False: that is the end.
  bool runs_clean(const program::Program& program, Footprints& footprints) {
    if (deadline_ && std::chrono::steady_clock::now() > *deadline_)
      return result_.is_complete = false;
    Outcome outcome = isolated_.run(program);
    result_.known_met.insert(outcome.known_met.begin(), outcome.known_met.end());
    if (outcome.kind != Outcome::clean) {
      result_.schedule = program;
      result_.outcome = std::move(outcome);
      return false;
    }
    footprints = std::move(outcome.footprints);
    return true;
  }
  bool runs_clean_as_schedule(const program::Program& program, Footprints& footprints) {
    result_.schedules++;
    on_progress_(result_);
    return runs_clean(program, footprints);
  }

  static bool may_be_suspended(const std::vector<Operation>& operations, size_t i) {
    const OpCode code = operations[i].code;
    const bool has_pause = i && operations[i - 1].code == OpCode::pause;
    return !has_pause && (program::may_be_suspended(code) || code == OpCode::resume);
  }

  // One preemption more, of the i-th operation or a later one.
  bool from(const program::Program& program, const Footprints& footprints, size_t i,
            unsigned name) {
    for (; i < footprints.operations.size(); i++) {
      const Footprints::OfOperation& operation = footprints.operations[i];
      if (operation.skipped || !may_be_suspended(program.operations, i)) continue;
      size_t window_ends = program.operations.size();
      for (size_t point = operation.stretches.size(); --point > 0;)
        if (!at(program, footprints, i, point, name, window_ends)) return false;
    }
    return true;
  }

  // The i-th operation is suspended there. window_ends: before it, the operations that can run
  // meanwhile end, at the point after this one; and then at this one.
  bool at(const program::Program& program, const Footprints& before, size_t i, size_t point,
          unsigned name, size_t& window_ends) {
    const size_t next_window_ends = std::exchange(window_ends, 0);
    const bool is_last = name + 1 == name_ends_;
    program::Program to_the_end = program;
    auto& operations = to_the_end.operations;
    operations.insert(operations.begin() + static_cast<ptrdiff_t>(i),
                      named(OpCode::pause, name, point));
    Footprints meanwhile;
    if (!runs_clean_as_schedule(to_the_end, meanwhile)) return false;
    if (i + 1 >= meanwhile.operations.size() || !meanwhile.operations[i + 1].suspended)
      return true;  // nobody else could go on there
    bool meets_next = false;
    std::optional<shim::Footprint> rest;  // of it, as it would go on before the window's last
    const shim::Footprint& next = before.operations[i].stretches[point];
    for (size_t last = i + 1; last < program.operations.size(); last++) {
      if (last + 1 >= meanwhile.operations.size()) break;
      const Footprints::OfOperation& other = meanwhile.operations[last + 1];
      // A caller would have to wait for it.
      if (other.skipped && !before.operations[last].skipped) break;
      window_ends = last + 1;
      if (program::is_prefix(program.operations[last].code)) continue;
      const shim::Footprint touched = whole(other);
      meets_next |= shim::conflict(next, touched);
      // With a preemption more, what they touch may be something else.
      const bool is_equal =
          (!meets_next && last < next_window_ends) || (rest && !shim::conflict(*rest, touched));
      if (is_last && is_equal) {
        result_.equal++;
        continue;
      }
      program::Program schedule = to_the_end;
      schedule.operations.insert(schedule.operations.begin() + static_cast<ptrdiff_t>(last) + 2,
                                 named(OpCode::resume, name));
      Footprints seen;
      if (!runs_clean_as_schedule(schedule, seen)) return false;
      if (last + 2 < seen.operations.size()) rest = whole(seen.operations[last + 2]);
      if (!is_last && !from(schedule, seen, i + 2, name + 1)) return false;
    }
    return true;
  }

  Isolated isolated_;
  const std::optional<std::chrono::steady_clock::time_point> deadline_;
  const std::function<void(const Exploration&)>& on_progress_;
  unsigned name_ends_ = 0;
  Exploration result_;
};

}  // namespace

Exploration explore(const iova_variant& variant, const program::Program& program,
                    unsigned preemptions, const std::vector<std::string>& known,
                    std::optional<std::chrono::steady_clock::time_point> deadline,
                    const std::function<void(const Exploration&)>& on_progress) {
  return Explorer(variant, known, deadline, on_progress).explore(program, preemptions);
}

}  // namespace tool
