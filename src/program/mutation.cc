// SPDX-License-Identifier: GPL-2.0-only
#include "program/mutation.h"

#include <algorithm>

namespace program {
namespace {

// What the operations before a point leave, if none of them fails: enough to know which needs of
// an operation are met there.
struct Standing {
  bool cache = false;
  bool initialized[max_domains] = {};
  bool has_rcaches[max_domains] = {};
  bool has_queue[max_domains] = {};

  explicit Standing(std::span<const Operation> before) {
    unsigned references = 0;
    bool fails = false;
    for (const Operation& operation : before) {
      unsigned d = operation.domain;
      switch (operation.code) {
        case OpCode::cache_get: references += !fails; break;
        case OpCode::cache_put: references -= references > 0; break;
        case OpCode::init: initialized[d] = true; break;
        case OpCode::init_rcaches: has_rcaches[d] = !fails && initialized[d] && references; break;
        case OpCode::queue_init: has_queue[d] |= !fails && initialized[d]; break;
        case OpCode::put: initialized[d] = has_rcaches[d] = has_queue[d] = false; break;
        default: break;
      }
      fails = operation.code == OpCode::fail;
    }
    cache = references > 0;
  }
};

// The operations that must come before for this one not to be skipped, and itself.
void append_with_needs(const Operation& operation, const Standing& standing,
                       std::vector<Operation>& out) {
  auto need = [&](OpCode code) {
    Operation needed = make(code);
    needed.domain = operation.domain;
    if (!spec(code).on_domain) needed.domain = 0;
    out.push_back(needed);
  };
  bool initialized = standing.initialized[operation.domain];
  bool has_rcaches = standing.has_rcaches[operation.domain];
  switch (operation.code) {
    case OpCode::alloc_fast:
      if (!standing.cache) need(OpCode::cache_get);
      if (!initialized) need(OpCode::init);
      if (!has_rcaches) need(OpCode::init_rcaches);
      break;
    case OpCode::queue:
      if (!standing.cache) need(OpCode::cache_get);
      if (!initialized) need(OpCode::init);
      if (!has_rcaches) need(OpCode::init_rcaches);
      if (!standing.has_queue[operation.domain]) need(OpCode::queue_init);
      break;
    case OpCode::init_rcaches:
    case OpCode::alloc:
    case OpCode::reserve:
      if (!standing.cache) need(OpCode::cache_get);
      if (!initialized) need(OpCode::init);
      break;
    case OpCode::put:
    case OpCode::free_pfn:
    case OpCode::queue_init:
    case OpCode::find_pfn:
      if (!initialized) need(OpCode::init);
      break;
    case OpCode::cache_put:
      if (!standing.cache) need(OpCode::cache_get);
      break;
    default: break;
  }
  out.push_back(operation);
}

bool can_fail(OpCode code) {
  return spec(code).reports != Reports::nothing || code == OpCode::free_fast ||
         code == OpCode::queue || code == OpCode::tick;
}

void keep_within_limits(Program& program) {
  if (program.operations.size() > max_operations) program.operations.resize(max_operations);
  uint64_t total = 0;
  for (size_t i = 0; i < program.operations.size(); i++) {
    total += calls(program.operations[i]);
    if (total > max_calls) return program.operations.resize(i);
  }
}

}  // namespace

Mutator::Mutator(std::span<const OpCode> operations, uint64_t seed)
    : operations_(operations), state_(seed * 2 + 1) {
  for (OpCode code : operations_) total_weight_ += spec(code).weight;
}

uint64_t Mutator::random(uint64_t bound) {
  // splitmix64
  uint64_t z = state_ += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return (z ^ z >> 31) % bound;
}

void Mutator::mutate(Program& program) {
  do {
    if (program.operations.empty() || one_in(3)) {
      insert(program);
      continue;
    }
    switch (random(8)) {
      case 0: insert_copies(program); break;
      case 1: erase(program); break;
      case 2: swap(program); break;
      case 3:
      case 4: change_operand(program); break;
      case 5:
      case 6: change_faults(program); break;
      default: insert(program); break;
    }
  } while (one_in(2));
  keep_within_limits(program);
}

Program Mutator::cross(const Program& first, const Program& second) {
  Program result;
  size_t head = random(first.operations.size() + 1);
  size_t tail = random(second.operations.size() + 1);
  result.operations.assign(first.operations.begin(), first.operations.begin() + head);
  result.operations.insert(result.operations.end(), second.operations.begin() + tail,
                           second.operations.end());
  keep_within_limits(result);
  return result;
}

void Mutator::insert(Program& program) {
  auto& operations = program.operations;
  // What is at the end acts on the richest state.
  size_t at = one_in(2) ? operations.size() : random(operations.size() + 1);
  Operation operation = random_operation();
  if (operation.code == OpCode::cpus) at = 0;
  Standing standing(std::span<const Operation>(operations.data(), at));
  std::vector<Operation> fresh;
  append_with_needs(operation, standing, fresh);
  // Setting up is where most can fail.
  bool sets_up = operation.code == OpCode::cache_get || operation.code == OpCode::init_rcaches;
  if (can_fail(operation.code) && one_in(sets_up ? 2 : 6))
    fresh.insert(fresh.end() - 1, random_fault());
  operations.insert(operations.begin() + at, fresh.begin(), fresh.end());
}

void Mutator::insert_copies(Program& program) {
  auto& operations = program.operations;
  size_t from = random(operations.size());
  size_t length = 1 + random(std::min<size_t>(8, operations.size() - from));
  std::vector<Operation> copy(operations.begin() + from, operations.begin() + from + length);
  operations.insert(operations.begin() + random(operations.size() + 1), copy.begin(), copy.end());
}

void Mutator::erase(Program& program) {
  auto& operations = program.operations;
  size_t from = random(operations.size());
  size_t length = one_in(2) ? 1 : 1 + random(std::min<size_t>(8, operations.size() - from));
  operations.erase(operations.begin() + from, operations.begin() + from + length);
}

void Mutator::swap(Program& program) {
  auto& operations = program.operations;
  std::swap(operations[random(operations.size())], operations[random(operations.size())]);
}

void Mutator::change_operand(Program& program) {
  Operation& operation = program.operations[random(program.operations.size())];
  const OperationSpec& op = spec(operation.code);
  size_t choices = op.operands.size() + op.on_domain;
  if (!choices) return change_faults(program);
  size_t choice = random(choices);
  if (choice < op.operands.size())
    randomize(operation, choice);
  else
    operation.domain = static_cast<uint8_t>(random(max_domains));
}

void Mutator::change_faults(Program& program) {
  auto& operations = program.operations;
  std::vector<size_t> places;
  for (size_t i = 0; i < operations.size(); i++)
    if (can_fail(operations[i].code)) places.push_back(i);
  if (places.empty()) return insert(program);
  size_t at = places[random(places.size())];
  bool has_fault = at > 0 && operations[at - 1].code == OpCode::fail;
  if (!has_fault)
    operations.insert(operations.begin() + at, random_fault());
  else if (one_in(3))
    operations.erase(operations.begin() + at - 1);
  else
    operations[at - 1] = random_fault();
}

Operation Mutator::random_operation() {
  uint64_t pick = random(total_weight_);
  OpCode code = operations_.front();
  for (OpCode candidate : operations_) {
    code = candidate;
    if (pick < spec(candidate).weight) break;
    pick -= spec(candidate).weight;
  }
  Operation operation = make(code);
  // Domains share only the caches: most programs need one, some need two.
  if (spec(code).on_domain && one_in(4)) operation.domain = static_cast<uint8_t>(random(2));
  for (size_t i = 0; i < spec(code).operands.size(); i++) {
    const RoleSpec& role = spec(spec(code).operands[i].role);
    if (role.positional || one_in(role.kind == Kind::pfn ? 8 : 4)) randomize(operation, i);
  }
  return operation;
}

void Mutator::randomize(Operation& operation, size_t operand) {
  Role role = spec(operation.code).operands[operand].role;
  const RoleSpec& r = spec(role);
  Value& value = operation.operands[operand];
  switch (r.kind) {
    case Kind::bits:
      value = {0, r.low + random(r.high - r.low + 1)};
      // Few slots, so that frees meet allocations.
      if (role == Role::slot) value.number = random(one_in(4) ? max_slots : 3);
      if (role == Role::cpu || role == Role::cpus) value.number = r.low + random(one_in(4) ? 8 : 3);
      value.number = std::min(value.number, r.high);
      break;
    case Kind::number:
      if (one_in(4) && value.number > r.low && value.number < r.high)
        value.number += one_in(2) ? 1 : -1;
      else if (role == Role::size && !one_in(4))
        value = {0, 1 + random(64)};
      else
        value = r.pool[random(r.pool.size())];
      break;
    case Kind::pfn:
      if (one_in(4)) {
        value.number += random(129) - 64;
      } else {
        value = r.pool[random(r.pool.size())];
      }
      if (role == Role::start && value.base == static_cast<uint16_t>(Base::start))
        value.base = static_cast<uint16_t>(Base::absolute);
      break;
    case Kind::mask: value = random_fault().operands[0]; break;
  }
}

// Mostly one attempt: the first few of any operation, or one of the many of rcache init.
Operation Mutator::random_fault() {
  Operation fault = make(OpCode::fail);
  uint64_t mask = uint64_t{1} << random(one_in(2) ? 4 : 34);
  while (one_in(6)) mask |= uint64_t{1} << random(34);
  fault.operands[0] = {0, one_in(32) ? ~uint64_t{0} : mask};
  return fault;
}

}  // namespace program
