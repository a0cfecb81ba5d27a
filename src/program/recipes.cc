// SPDX-License-Identifier: GPL-2.0-only
// Recipes: sequences of operations that lead to a state worth exploring.
#include <algorithm>
#include <bit>

#include "program/mutation.h"

namespace program {

// Counts around the capacity of one magazine, of two, and of more, which fill a depot.
uint64_t Mutator::random_magazine_count() {
  static constexpr uint16_t borders[] = {127, 254, 381, 508, 635, 762};
  if (one_in(2)) return 1 + random(4);
  uint64_t border = borders[random(one_in(2) ? 2 : std::size(borders))];
  return border - 2 + random(5);
}

uint64_t Mutator::random_size() { return one_in(2) ? uint64_t{1} << random(6) : 1 + random(40); }

// Puts ranges of one size into magazines, and takes them out again.
std::vector<Operation> Mutator::fill_and_drain() {
  uint8_t domain = one_in(8) ? 1 : 0;
  uint64_t slot = random(3), count = random_magazine_count();
  Operation take = make(OpCode::alloc_fast);
  take.domain = domain;
  set(take, Role::slot, slot);
  set(take, Role::size, random_size());
  set(take, Role::count, count);
  Operation give = make(one_in(8) && offers(OpCode::queue) ? OpCode::queue : OpCode::free_fast);
  give.domain = domain;
  set(give, Role::slot, slot);
  set(give, Role::oldest, random(2));
  set(give, Role::count, one_in(4) ? random_magazine_count() : count);
  if (one_in(16)) {  // more than a depot of fixed size holds
    set(take, Role::count, max_count);
    set(give, Role::count, max_count);
    std::vector<Operation> run(5, take);
    run.insert(run.end(), 5, give);
    return run;
  }
  std::vector<Operation> run{take};
  if (one_in(3)) run.push_back(random_cpu(OpCode::cpu));
  run.push_back(give);
  if (one_in(4)) run.push_back(random_cpu(one_in(2) ? OpCode::offline : OpCode::cpu));
  if (one_in(4)) {
    Operation wait = make(OpCode::tick);
    randomize(wait, 0);
    run.push_back(wait);
  }
  if (one_in(2)) {
    if (one_in(3)) set(take, Role::count, random_magazine_count());
    if (one_in(3)) randomize(take, static_cast<size_t>(operand_index(take.code, Role::limit)));
    run.push_back(take);
  }
  return run;
}

// Exhausts a small space, frees a range, and requests one again.
std::vector<Operation> Mutator::squeeze() {
  OpCode code = one_in(3) ? OpCode::alloc_fast : OpCode::alloc;
  uint64_t size = random_size(), slot = random(3);
  std::vector<Operation> run;
  Value limit{static_cast<uint16_t>(Base::dma32), ~uint64_t{0}};
  if (one_in(2)) {
    limit = {static_cast<uint16_t>(Base::start), random(8) * size};
    limit.number += random(4);
  } else {
    // Reserves all but the last pages below 4 GiB.
    Operation most = make(OpCode::reserve);
    set(most, Role::size, 0x100000 - 1 - random(one_in(2) ? 8 * size : 64));
    run.push_back(most);
    if (one_in(2)) limit.number += random(2 * size + 2);
  }
  auto ask = [&](uint64_t pages, uint64_t into, Value below) {
    Operation take = make(code);
    set(take, Role::slot, into);
    set(take, Role::size, pages);
    take.operands[static_cast<size_t>(operand_index(code, Role::limit))] = below;
    set(take, Role::count, 1 + random(6));
    if (code == OpCode::alloc) set(take, Role::unaligned, random(2));
    run.push_back(take);
  };
  ask(size, slot, limit);
  if (one_in(2)) {
    uint64_t other_size = random_size(), other_slot = random(3);
    ask(other_size, other_slot, one_in(2) ? limit : Value{limit.base, ~uint64_t{0}});
  }
  Operation give = make(code == OpCode::alloc_fast && one_in(2) ? OpCode::free_fast : OpCode::free);
  set(give, Role::slot, slot);
  set(give, Role::oldest, random(2));
  run.push_back(give);
  ask(one_in(2) ? size : random_size(), slot, limit);
  return run;
}

// A CPU caches ranges and goes offline.
std::vector<Operation> Mutator::use_and_take_offline() {
  Operation here = random_cpu(OpCode::cpu), down = make(OpCode::offline), up = make(OpCode::online);
  down.operands[0] = up.operands[0] = here.operands[0];
  std::vector<Operation> run = fill_and_drain();
  run.insert(run.begin(), here);
  run.push_back(down);
  if (one_in(3)) run.push_back(up);
  if (one_in(2)) run.push_back(random_operation());
  return run;
}

// Sends ranges through a flush queue while hardware flushes last and time passes.
std::vector<Operation> Mutator::overlap_with_flushes() {
  uint64_t slot = random(3);
  auto with = [&](OpCode code, uint64_t count) {
    Operation operation = make(code);
    set(operation, Role::slot, slot);
    set(operation, Role::count, count);
    return operation;
  };
  // Sometimes as many as a ring holds.
  uint64_t count = one_in(4) ? 253 + random(6) : 1 + random(4);
  Operation wait = make(OpCode::tick);
  std::vector<Operation> run{with(OpCode::alloc_fast, count), with(OpCode::queue, count)};
  for (uint64_t left = 2 + random(5); left; left--) {
    set(wait, Role::ms, one_in(2) ? 10 : 1 + random(110));
    switch (random(8)) {
      case 0:
      case 1: run.push_back(with(OpCode::alloc_fast, 1 + random(4))); [[fallthrough]];
      case 2: run.push_back(with(OpCode::queue, 1 + random(4))); break;
      case 3: run.insert(run.end() - static_cast<ptrdiff_t>(random(2)), make(OpCode::slow)); break;
      case 4:
      case 5: run.push_back(wait); break;
      case 6: run.push_back(make(OpCode::flush_done)); break;
      default: run.push_back(random_cpu(one_in(3) ? OpCode::offline : OpCode::cpu)); break;
    }
  }
  if (one_in(4)) run.push_back(make(OpCode::put));
  return run;
}

// A CPU fills its magazines and a depot. An operation that moves or empties them is suspended while
// that CPU uses them.
std::vector<Operation> Mutator::contend_for_magazines() {
  const uint64_t slot = random(3), size = random_size();
  const uint64_t here = random(3), there = (here + 1 + random(2)) % 3;
  const auto magazines = [&](uint64_t most) { return 127 * (1 + random(most)) + random(3); };
  const auto with = [&](OpCode code, uint64_t count) {
    Operation operation = make(code);
    set(operation, Role::slot, slot);
    set(operation, Role::size, size);
    set(operation, Role::count, count);
    return operation;
  };
  const auto on = [](OpCode code, uint64_t cpu) {
    Operation operation = make(code);
    set(operation, Role::cpu, cpu);
    return operation;
  };
  Operation first = with(OpCode::alloc_fast, 1);
  switch (random(6)) {
    case 0: first = on(OpCode::offline, there); break;
    case 1:
      first = make(OpCode::tick);
      randomize(first, 0);
      break;
    case 2: first = with(one_in(2) ? OpCode::free_fast : OpCode::alloc_fast, magazines(2)); break;
    default:  // no room below the limit, so the request flushes
      set(first, Role::size, 64);
      set(first, Role::limit, 1 + random(64));
      break;
  }
  Operation pause = make(OpCode::pause);
  set(pause, Role::point, random_point(first));
  const uint64_t count = magazines(4);
  std::vector<Operation> run{on(OpCode::cpu, there),
                             with(OpCode::alloc_fast, count),
                             with(OpCode::free_fast, count),
                             on(OpCode::cpu, here),
                             pause,
                             first,
                             on(OpCode::cpu, there)};
  for (uint64_t left = 1 + random(2); left; left--)
    run.push_back(with(one_in(3) ? OpCode::free_fast : OpCode::alloc_fast, magazines(3)));
  if (!one_in(4)) run.push_back(make(OpCode::resume));
  return run;
}

// A random scheduling point. All orders of magnitude are equally likely, up to the number of points
// that the calls may have; a flush has about a hundred.
uint64_t Mutator::random_point(const Operation& operation) {
  constexpr uint64_t points_of_a_call = 128;
  const uint64_t most = std::min<uint64_t>(max_point, points_of_a_call * calls(operation));
  const uint64_t magnitude = uint64_t{1} << random(std::bit_width(most));
  return std::min(magnitude + random(magnitude), most);
}

// Repeats an operation after a failed attempt.
std::vector<Operation> Mutator::fail_and_retry(const Program& program) {
  std::vector<Operation> fallible;
  for (const Operation& operation : program.operations)
    if (can_fail(operation.code)) fallible.push_back(operation);
  Operation operation = fallible.empty() ? random_operation() : fallible[random(fallible.size())];
  return {random_fault(), operation, operation};
}

// Repeats an operation of the program right after it, on adjacent pages.
std::vector<Operation> Mutator::act_beside(const Program& program, size_t& at) {
  std::vector<size_t> placed;
  for (size_t i = 0; i < program.operations.size(); i++)
    for (Role role : {Role::lo, Role::limit, Role::pfn})
      if (operand_index(program.operations[i].code, role) >= 0) placed.push_back(i);
  std::vector<Operation> run;
  Operation first;
  if (!placed.empty() && !(offers(OpCode::reserve) && one_in(4))) {
    at = placed[random(placed.size())] + 1;
    first = program.operations[at - 1];
  } else {
    if (!offers(OpCode::reserve)) return {};
    first = make(OpCode::reserve);
    randomize(first, static_cast<size_t>(operand_index(first.code, Role::lo)));
    set(first, Role::size, random_size());
    run.push_back(first);
    // After allocations, a reservation would be skipped.
    auto after = std::find_if(program.operations.begin(), program.operations.end(),
                              [](const Operation& o) { return o.code == OpCode::init; });
    if (after != program.operations.end())
      at = static_cast<size_t>(after - program.operations.begin()) + 1;
  }
  Operation second = first;
  if (operand_index(first.code, Role::size) >= 0 && one_in(2))
    set(second, Role::size, random_size());
  bool below = one_in(2);
  uint64_t size = 1;
  if (int index = operand_index(first.code, Role::size); index >= 0)
    size = (below ? second : first).operands[static_cast<size_t>(index)].number;
  for (Role role : {Role::lo, Role::limit, Role::pfn}) {
    int index = operand_index(second.code, role);
    if (index < 0) continue;
    uint64_t& pfn = second.operands[static_cast<size_t>(index)].number;
    pfn += below ? -size : size;
    pfn += random(5) - 2;
  }
  run.push_back(second);
  return run;
}

}  // namespace program
