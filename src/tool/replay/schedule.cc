// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/schedule.h"

#include "tool/support/hash.h"

namespace tool {
namespace {

using program::OpCode;
using program::Operation;
using program::Role;

Operation named(OpCode code, unsigned strand, uint64_t point = 0) {
  Operation operation = program::make(code);
  set(operation, Role::strand, strand);
  set(operation, Role::point, point);
  return operation;
}

}  // namespace

Schedule::Schedule(const program::Program& program) {
  for (size_t i = 0; i < program.operations.size(); i++)
    steps.push_back({.operation = static_cast<uint16_t>(i)});
}

Schedule::Key Schedule::key() const {
  Key key;
  for (const Step& step : steps) {
    const uint64_t word = step.operation | uint64_t{step.point} << 16 | uint64_t{step.name} << 32 |
                          uint64_t{step.resumes} << 40;
    key = {mix(key.first, word), mix(~word, key.second)};
  }
  return key;
}

program::Program Schedule::to_program(const program::Program& program,
                                      std::vector<size_t>* of_step) const {
  program::Program schedule;
  for (const Step& step : steps) {
    if (step.point) schedule.operations.push_back(named(OpCode::pause, step.name, step.point));
    if (of_step) of_step->push_back(schedule.operations.size());
    schedule.operations.push_back(step.resumes ? named(OpCode::resume, step.name)
                                               : program.operations[step.operation]);
  }
  return schedule;
}

size_t Schedule::resume_of(size_t suspended) const {
  size_t i = suspended + 1;
  while (!steps[i].resumes || steps[i].name != steps[suspended].name) i++;
  return i;
}

Schedule Schedule::with_preemption(size_t step, unsigned point, uint8_t name, uint16_t operation,
                                   size_t last) const {
  Schedule schedule = *this;
  schedule.steps[step].point = static_cast<uint16_t>(point);
  schedule.steps[step].name = name;
  schedule.steps.insert(schedule.steps.begin() + static_cast<ptrdiff_t>(last) + 1,
                        {.operation = operation, .name = name, .resumes = true});
  return schedule;
}

}  // namespace tool
