// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/ran.h"

#include <algorithm>

#include "shim/footprint.h"
#include "tool/support/hash.h"

namespace tool {
namespace {

using program::OpCode;
using program::Operation;
using program::Role;

// The owner of stretches of a resume itself; the CPU of a stretch that is the same on all CPUs.
constexpr uint16_t nobody = 0xffff;
constexpr uint8_t anywhere = 0xff;

}  // namespace

uint32_t Reduction::number_of(const shim::Footprint& footprint) {
  const uint64_t hash = mix_all(footprint);
  const auto [begin, end] = numbers_.equal_range(hash);
  for (auto at = begin; at != end; ++at)
    if (all_[at->second] == footprint) return at->second;
  const auto number = static_cast<uint32_t>(all_.size());
  all_.push_back(footprint);
  all_.back().shrink_to_fit();
  numbers_.emplace(hash, number);
  return number;
}

Ran Reduction::read(const Schedule& schedule, const std::vector<size_t>& of_step,
                    const engine::Footprints& footprints) {
  const size_t reached =
      std::min(of_step.size(),
               static_cast<size_t>(std::count_if(of_step.begin(), of_step.end(), [&](size_t i) {
                 return i < footprints.operations.size();
               })));
  std::vector<uint16_t> operation_at(reached ? of_step[reached - 1] + 1 : 0, nobody);
  for (size_t step = 0; step < reached; step++)
    if (!schedule.steps[step].resumes &&
        program_.operations[schedule.steps[step].operation].code != OpCode::resume)
      operation_at[of_step[step]] = schedule.steps[step].operation;
  Ran ran;
  for (size_t step = 0; step < reached; step++) {
    const auto& of = footprints.operations[of_step[step]];
    const Operation& operation = program_.operations[schedule.steps[step].operation];
    const bool leaves_cpu = operation.code == OpCode::cpu && !schedule.steps[step].resumes;
    ran.steps.push_back(
        {.first = static_cast<uint32_t>(ran.stretches.size()),
         .cpu = static_cast<uint8_t>(of.stretches.empty() ? 0 : of.stretches[0].cpu),
         .skipped = of.skipped,
         .hindered = of.hindered,
         .suspended = of.suspended});
    for (size_t i = 0; i < of.stretches.size(); i++) {
      const auto& stretch = of.stretches[i];
      const uint16_t owner = operation_at[stretch.owner];
      // The step ends where this stretch begins, so it has not run yet.
      const bool is_still_to_come = of.suspended && i + 1 == of.stretches.size();
      if (stretch.touched.empty() && (owner == nobody || is_still_to_come)) continue;
      ran.stretches.push_back({.owner = is_still_to_come ? nobody : owner,
                               .cpu = leaves_cpu ? anywhere : static_cast<uint8_t>(stretch.cpu),
                               .at_point = stretch.at_point,
                               .touched = number_of(stretch.touched)});
    }
    if (schedule.steps[step].resumes || operation.code == OpCode::resume ||
        program::is_prefix(operation.code))
      continue;
    if (of.skipped && !of.hindered) continue;
    const std::string key = with_suspended(ran, step, schedule.steps[step].operation);
    if (!key.empty()) (of.hindered ? wait_ : need_not_wait_).insert(key);
  }
  // A prefix is on the CPU of the operation that it prepares.
  for (size_t step = reached; step-- > 0;)
    if (footprints.operations[of_step[step]].stretches.empty() && step + 1 < reached)
      ran.steps[step].cpu = ran.steps[step + 1].cpu;
  return ran;
}

// A key for the operation and the set of suspended operations. Empty if none is suspended; if one
// is on the step's own CPU, where it limits what can run; or if one may have ended early because
// another operation waited for it.
std::string Reduction::with_suspended(const Ran& ran, size_t step, uint16_t operation) const {
  std::vector<std::pair<uint16_t, uint8_t>> suspended;
  const auto forget = [&](uint16_t owner) {
    return std::erase_if(suspended, [&](const auto& one) { return one.first == owner; });
  };
  for (size_t i = 0; i < step; i++) {
    const std::optional<uint16_t> owner = ran.owner_of(i);
    if (!owner && ran.steps[i].suspended) return "";
    if (!owner) continue;
    forget(*owner);
    for (size_t stretch = ran.steps[i].first; stretch < ran.end_of(i); stretch++)
      if (forget(ran.stretches[stretch].owner)) return "";
    if (ran.steps[i].suspended) suspended.push_back({*owner, ran.stretches[ran.end_of(i) - 1].cpu});
  }
  std::sort(suspended.begin(), suspended.end());
  std::string key;
  for (const auto& [owner, cpu] : suspended) {
    if (cpu == ran.steps[step].cpu) return "";
    key.append(reinterpret_cast<const char*>(&owner), sizeof owner);
  }
  if (!key.empty()) key.append(reinterpret_cast<const char*>(&operation), sizeof operation);
  return key;
}

std::optional<bool> Reduction::must_wait(const Ran& ran, size_t step, uint16_t operation) const {
  const std::string key = with_suspended(ran, step, operation);
  if (key.empty()) return std::nullopt;
  if (wait_.count(key)) return true;
  if (need_not_wait_.count(key)) return false;
  return std::nullopt;
}

bool Reduction::names_cpu(const Schedule& schedule, size_t step, unsigned cpu) const {
  if (schedule.steps[step].resumes) return false;
  const Operation& operation = program_.operations[schedule.steps[step].operation];
  const int here = program::operand_index(operation.code, Role::here);
  if (here >= 0 && operation.operands[static_cast<size_t>(here)].number) return true;
  return program::names_cpu(operation, cpu);
}

std::optional<Schedule> Reduction::with_later_pause(const Schedule& schedule, size_t step,
                                                    size_t resume, bool is_less) const {
  Schedule later = schedule;
  Step& paused = later.steps[step];
  const unsigned until_next = later.steps[resume].point;  // the next pause of this operation
  if (is_less ? until_next > 1 : until_next == 1) return std::nullopt;
  if (!is_less) {
    if (until_next) later.steps[resume].point--;
    paused.point++;
    return later;
  }
  paused.point = until_next ? static_cast<uint16_t>(paused.point + 1) : 0;
  later.steps.erase(later.steps.begin() + static_cast<ptrdiff_t>(resume));
  return later;
}

std::optional<Schedule> Reduction::with_earlier_resume(const Schedule& schedule,
                                                       size_t step) const {
  const auto begin = schedule.steps.begin();
  const auto resume = begin + static_cast<ptrdiff_t>(schedule.resume_of(step));
  auto before = resume - 1;
  // Include the prefixes of the operation before it.
  while (before - 1 > begin + static_cast<ptrdiff_t>(step) && !(before - 1)->resumes &&
         program::is_prefix(program_.operations[(before - 1)->operation].code))
    --before;
  if (before - begin <= static_cast<ptrdiff_t>(step) + 1) return std::nullopt;
  Schedule earlier = schedule;
  std::rotate(earlier.steps.begin() + (before - begin), earlier.steps.begin() + (resume - begin),
              earlier.steps.begin() + (resume - begin) + 1);
  return earlier;
}

// Moves the last stretch before the pause behind the stretches that run until the resume, if these
// do not conflict with it. Nothing may run on the CPU of the suspended operation: what can run
// there differs from point to point.
std::optional<Ran> Reduction::with_earlier_pause(const Ran& ran, const Schedule& schedule,
                                                 size_t step, size_t resume, bool is_less) const {
  const bool is_at_end = is_less && !schedule.steps[resume].point;  // end of the operation
  if (step >= ran.steps.size() || ran.steps[step].suspended == is_at_end ||
      (is_less ? resume > ran.steps.size() : resume >= ran.steps.size()))
    return std::nullopt;
  const size_t end = ran.end_of(step);
  if (end == ran.steps[step].first) return std::nullopt;
  const Ran::Stretch last = ran.stretches[end - 1];
  if (!last.at_point || last.owner == nobody) return std::nullopt;
  const auto stretches = ran.stretches.begin();
  const auto points = std::count_if(
      stretches + ran.steps[step].first, stretches + static_cast<ptrdiff_t>(end),
      [&](const Ran::Stretch& one) { return one.at_point && one.owner == last.owner; });
  if (points != schedule.steps[step].point) return std::nullopt;
  size_t to = resume < ran.steps.size() ? ran.steps[resume].first : ran.stretches.size();
  bool is_awaited = false;  // another operation waits for it, so it continues before its resume
  for (size_t i = end; i < to; i++) {
    const Ran::Stretch& other = ran.stretches[i];
    if (other.owner == last.owner) {
      is_awaited = true;
      to = i;
      break;
    }
    if (other.owner == nobody || other.cpu == last.cpu || conflict(other.touched, last.touched))
      return std::nullopt;
  }
  if (is_awaited && is_less) return std::nullopt;
  if (!is_less && !is_awaited &&
      (to >= ran.stretches.size() || ran.stretches[to].owner != last.owner ||
       ran.stretches[to].at_point || ran.steps[resume].skipped))
    return std::nullopt;
  size_t until = step + 1;  // the step that contains the moved stretch
  while (until < resume && ran.end_of(until) <= to) until++;
  if (!is_awaited) until = resume;
  for (size_t i = step + 1; i < until; i++)
    if (names_cpu(schedule, i, last.cpu)) return std::nullopt;
  Ran moved = ran;
  if (is_at_end && !schedule.steps[step].resumes) {
    // When a task is suspended on the caller's CPU, the caller moves to another one: later steps
    // run elsewhere, unless the next step chooses a CPU.
    const Operation& next = program_.operations[schedule.steps[step + 1].operation];
    if (next.code != OpCode::cpu || schedule.steps[step + 1].resumes || ran.steps[step + 1].skipped)
      return std::nullopt;
  }
  if (is_less)
    moved.steps.insert(moved.steps.begin() + static_cast<ptrdiff_t>(resume),
                       {.first = static_cast<uint32_t>(to),
                        .cpu = resume < ran.steps.size() ? ran.steps[resume].cpu : uint8_t{0},
                        .skipped = false,
                        .hindered = false,
                        .suspended = !is_at_end});
  moved.steps[step].suspended = true;
  const auto begin = moved.stretches.begin();
  std::rotate(begin + static_cast<ptrdiff_t>(end) - 1, begin + static_cast<ptrdiff_t>(end),
              begin + static_cast<ptrdiff_t>(to));
  for (size_t i = step + 1; i <= until; i++) moved.steps[i].first--;
  moved.stretches[to - 1].at_point = false;
  if (!is_less && !is_awaited) moved.stretches[to].at_point = true;
  if (!is_at_end) return moved;
  // In the run without this preemption, no operation had to wait for the suspended one.
  for (size_t i = step + 1; i < resume; i++) {
    const Step& other = schedule.steps[i];
    const OpCode code = program_.operations[other.operation].code;
    if (other.resumes || program::is_prefix(code) || code == OpCode::cpu) continue;
    const std::optional<bool> waits = must_wait(moved, i, other.operation);
    if (!waits || *waits) return std::nullopt;
  }
  return moved;
}

// Moves the resume behind the operation after it, if that operation does not conflict with the rest
// of the resumed one and need not wait for it.
std::optional<Ran> Reduction::with_later_resume(const Ran& ran, const Schedule& schedule,
                                                size_t step) const {
  const size_t after = schedule.resume_of(step);  // step of the other operation in ran
  if (after >= ran.steps.size()) return std::nullopt;
  size_t before = after - 1;  // step of the resume in ran
  while (before > step + 1 && !schedule.steps[before - 1].resumes &&
         program::is_prefix(program_.operations[schedule.steps[before - 1].operation].code))
    before--;
  const Step& other = schedule.steps[after - 1];
  const OpCode code = program_.operations[other.operation].code;
  if (other.point || ran.steps[after].skipped || ran.steps[after].suspended ||
      ran.steps[before].skipped || program::spec(code).changes_cpus)
    return std::nullopt;
  const size_t begin = ran.steps[before].first, middle = ran.end_of(before),
               end = ran.end_of(after);
  if (begin == middle) return std::nullopt;
  const Ran::Stretch first = ran.stretches[begin];
  for (size_t i = begin; i < end; i++) {
    const Ran::Stretch& one = ran.stretches[i];
    if (one.owner == nobody || (one.owner == first.owner) != (i < middle) ||
        (one.cpu == first.cpu) != (i < middle))
      return std::nullopt;
  }
  for (size_t i = begin; i < middle; i++)
    for (size_t j = middle; j < end; j++)
      if (conflict(ran.stretches[i].touched, ran.stretches[j].touched)) return std::nullopt;
  for (size_t i = before; i < after; i++)
    if (names_cpu(schedule, i, first.cpu)) return std::nullopt;
  Ran moved = ran;
  const auto stretches = moved.stretches.begin();
  std::rotate(stretches + static_cast<ptrdiff_t>(begin), stretches + static_cast<ptrdiff_t>(middle),
              stretches + static_cast<ptrdiff_t>(end));
  const auto steps = moved.steps.begin();
  std::rotate(steps + static_cast<ptrdiff_t>(before), steps + static_cast<ptrdiff_t>(before) + 1,
              steps + static_cast<ptrdiff_t>(after) + 1);
  for (size_t i = before; i < after; i++)
    moved.steps[i].first -= static_cast<uint32_t>(middle - begin);
  moved.steps[after].first = static_cast<uint32_t>(begin + (end - middle));
  if (after + 1 < moved.steps.size()) moved.steps[after].cpu = moved.steps[after + 1].cpu;
  if (other.resumes || code == OpCode::cpu) return moved;
  const std::optional<bool> waits = must_wait(moved, after - 1, other.operation);
  if (!waits || *waits) return std::nullopt;
  return moved;
}

std::vector<uint64_t> Reduction::states(const Ran& ran) const {
  struct Word {
    uint64_t written = 0, read = 0;  // hash of the last writer; of all readers since
  };
  struct Owner {
    uint64_t last = 0, stretches = 0;
  };
  std::unordered_map<uint32_t, Word> words;
  std::unordered_map<uint16_t, Owner> owners;
  std::vector<uint64_t> states{0};
  uint64_t state = 0;
  for (const Ran::Stretch& stretch : ran.stretches) {
    const shim::Footprint& touched = all_[stretch.touched];
    if (touched.empty()) {
      states.push_back(state);
      continue;
    }
    Owner& owner = owners[stretch.owner];
    uint64_t hash = mix(mix(stretch.owner, owner.stretches++) + stretch.cpu, owner.last);
    for (uint32_t entry : touched) {
      const Word& word = words[entry >> 1];
      hash += mix(1 + (entry & 1), word.written);
      if (entry & 1) hash += mix(3, word.read);
    }
    hash = mix(4, hash);
    for (uint32_t entry : touched) {
      Word& word = words[entry >> 1];
      if (entry & 1)
        word = {hash, 0};
      else if (word.written != hash)
        word.read += mix(5, hash);
    }
    owner.last = hash;
    state += mix(6, hash);
    states.push_back(state);
  }
  return states;
}

}  // namespace tool
