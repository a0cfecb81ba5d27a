// SPDX-License-Identifier: GPL-2.0-only
#include "program/mutation.h"

#include <algorithm>
#include <bit>

namespace program {
namespace {

// The state after a list of operations, assuming that only operations after `fail` fail. It decides
// which needs of the next operation are met.
class Standing {
 public:
  explicit Standing(std::span<const Operation> before) {
    bool fails = false;
    for (const Operation& operation : before) {
      const OperationSpec& op = spec(operation.code);
      bool works = !(fails && op.reports != Reports::nothing) && !missing(operation);
      uint8_t& of_domain = of_domains_[operation.domain];
      if (works) of_domain |= op.gives & needs::of_a_domain;
      if (works && op.gives & needs::cache) references_++;
      of_domain &= static_cast<uint8_t>(~op.takes);
      if (op.takes & needs::cache) references_ -= references_ > 0;
      fails = operation.code == OpCode::fail;
    }
  }
  // The unmet needs of the operation.
  uint8_t missing(const Operation& operation) const {
    uint8_t met = of_domains_[operation.domain] | (references_ ? needs::cache : 0);
    return spec(operation.code).needs & static_cast<uint8_t>(~met);
  }

 private:
  unsigned references_ = 0;
  uint8_t of_domains_[max_domains] = {};
};

// Appends the operation, preceded by those without which it would be skipped.
void append_with_needs(const Operation& operation, const Standing& standing,
                       std::vector<Operation>& out) {
  uint8_t missing = standing.missing(operation);
  for (uint8_t need : needs::all) {
    if (!(missing & need)) continue;
    auto giver = std::find_if(operations().begin(), operations().end(),
                              [&](const OperationSpec& op) { return op.gives & need; });
    Operation needed = make(giver->code);
    needed.domain = giver->on_domain ? operation.domain : 0;
    out.push_back(needed);
  }
  out.push_back(operation);
}

// `cpus` is skipped unless it is the first operation.
void put_cpus_first(Program& program) {
  auto is_cpus = [](const Operation& operation) { return operation.code == OpCode::cpus; };
  auto& operations = program.operations;
  auto first = std::find_if(operations.begin(), operations.end(), is_cpus);
  if (first == operations.end()) return;
  std::rotate(operations.begin(), first, first + 1);
  operations.erase(std::remove_if(operations.begin() + 1, operations.end(), is_cpus),
                   operations.end());
}

uint64_t total_calls(const Program& program) {
  uint64_t total = 0;
  for (const Operation& operation : program.operations) total += calls(operation);
  return total;
}

// Halves the largest counts until the program makes at most `most` calls, if possible.
void keep_calls_within(Program& program, uint64_t most) {
  uint64_t total = total_calls(program);
  while (total > most) {
    auto largest = std::max_element(
        program.operations.begin(), program.operations.end(),
        [](const Operation& a, const Operation& b) { return calls(a) < calls(b); });
    uint64_t count = calls(*largest);
    if (count == 1) return;
    set(*largest, Role::count, count / 2);
    total -= count - count / 2;
  }
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
  // Programs with many calls are slow, so only some mutations may add many.
  const uint64_t most_calls =
      std::max(total_calls(program), uint64_t{64} << random(std::bit_width(max_calls / 64)));
  do {
    if (program.operations.empty() || one_in(3)) {
      insert(program);
      continue;
    }
    if (offers(OpCode::pause) && one_in(3)) {
      change_pauses(program);
      continue;
    }
    switch (random(12)) {
      case 0: insert_copies(program); break;
      case 1: erase(program); break;
      case 2: swap(program); break;
      case 3:
      case 4: change_operand(program); break;
      case 5: change_count(program); break;
      case 6: borrow_operand(program); break;
      case 7:
      case 8: change_faults(program); break;
      default: insert_recipe(program); break;
    }
  } while (one_in(2));
  put_cpus_first(program);
  keep_calls_within(program, most_calls);
  keep_within_limits(program);
}

Program Mutator::cross(const Program& first, const Program& second) {
  Program result;
  size_t head = random(first.operations.size() + 1);
  size_t tail = random(second.operations.size() + 1);
  result.operations.assign(first.operations.begin(), first.operations.begin() + head);
  result.operations.insert(result.operations.end(), second.operations.begin() + tail,
                           second.operations.end());
  put_cpus_first(result);
  keep_within_limits(result);
  return result;
}

// Prefers the end, where operations act on the richest state.
size_t Mutator::place(const Program& program) {
  return one_in(2) ? program.operations.size() : random(program.operations.size() + 1);
}

bool Mutator::offers(OpCode code) const {
  return std::find(operations_.begin(), operations_.end(), code) != operations_.end();
}

void Mutator::insert(Program& program) {
  size_t at = place(program);
  std::vector<Operation> run{random_operation()};
  OpCode code = run[0].code;
  if (code == OpCode::cpus) at = 0;
  // Most allocations that can fail are in set-up operations.
  bool sets_up = code == OpCode::cache_get || code == OpCode::init_rcaches;
  if (can_fail(code) && one_in(sets_up ? 2 : 6)) run.insert(run.begin(), random_fault());
  insert_with_needs(program, at, run);
}

void Mutator::insert_with_needs(Program& program, size_t at, std::span<const Operation> run) {
  auto& operations = program.operations;
  std::vector<Operation> fresh;
  std::vector<Operation> prefixes;
  std::vector<Operation> before(operations.begin(),
                                operations.begin() + static_cast<ptrdiff_t>(at));
  for (const Operation& operation : run) {
    if (is_prefix(operation.code)) {
      prefixes.push_back(operation);
      continue;
    }
    std::vector<Operation> whole;
    append_with_needs(operation, Standing(before), whole);
    whole.insert(whole.end() - 1, prefixes.begin(), prefixes.end());
    prefixes.clear();
    before.insert(before.end(), whole.begin(), whole.end());
    fresh.insert(fresh.end(), whole.begin(), whole.end());
  }
  fresh.insert(fresh.end(), prefixes.begin(), prefixes.end());
  operations.insert(operations.begin() + static_cast<ptrdiff_t>(at), fresh.begin(), fresh.end());
}

void Mutator::insert_recipe(Program& program) {
  std::vector<Operation> run;
  size_t at = place(program);
  if (offers(OpCode::queue) && one_in(3)) {
    run = overlap_with_flushes();
  } else {
    switch (random(offers(OpCode::pause) ? 9 : 6)) {
      case 0:
      case 1: run = fill_and_drain(); break;
      case 2: run = squeeze(); break;
      case 3: run = use_and_take_offline(); break;
      case 4: run = fail_and_retry(program); break;
      case 6:
      case 7:
      case 8: run = contend_for_magazines(); break;
      default: run = act_beside(program, at); break;
    }
  }
  std::erase_if(run, [&](const Operation& operation) {
    return operation.code == OpCode::cpus ||
           (!offers(operation.code) && !is_prefix(operation.code));
  });
  if (run.empty()) return insert(program);
  insert_with_needs(program, at, run);
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

// Half, double, one more or one less, to approach boundaries from both sides.
void Mutator::change_count(Program& program) {
  std::vector<Operation*> counted;
  for (Operation& operation : program.operations)
    if (operand_index(operation.code, Role::count) >= 0) counted.push_back(&operation);
  if (counted.empty()) return insert_recipe(program);
  Operation& operation = *counted[random(counted.size())];
  uint64_t count = calls(operation);
  switch (random(5)) {
    case 0: count *= 2; break;
    case 1: count /= 2; break;
    case 2: count += 1; break;
    case 3: count -= 1; break;
    default: count = random_magazine_count(); break;
  }
  set(operation, Role::count, std::clamp<uint64_t>(count, 1, max_count));
}

// Copies operands between operations, so that they use the same slots, limits and domain.
void Mutator::borrow_operand(Program& program) {
  auto& operations = program.operations;
  Operation& to = operations[random(operations.size())];
  const Operation& from = operations[random(operations.size())];
  for (size_t i = 0; i < spec(to.code).operands.size(); i++) {
    int index = operand_index(from.code, spec(to.code).operands[i].role);
    if (index < 0 || one_in(2)) continue;
    to.operands[i] = from.operands[static_cast<size_t>(index)];
  }
  if (one_in(2)) to.domain = spec(to.code).on_domain ? from.domain : 0;
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
    change_mask(operations[at - 1].operands[0]);
}

// Adds, moves or removes a pause, and resumes the operation later.
void Mutator::change_pauses(Program& program) {
  auto& operations = program.operations;
  std::vector<size_t> places;
  for (size_t i = 0; i < operations.size(); i++)
    if (may_be_suspended(operations[i].code) || operations[i].code == OpCode::resume)
      places.push_back(i);
  if (places.empty()) return insert(program);
  size_t at = places[one_in(2) ? places.size() - 1 - random(std::min<size_t>(6, places.size()))
                               : random(places.size())];
  if (at > 0 && operations[at - 1].code == OpCode::pause) {
    if (one_in(4))
      operations.erase(operations.begin() + static_cast<ptrdiff_t>(at) - 1);
    else
      randomize(operations[at - 1], one_in(8) ? 0 : 1);
    return;
  }
  Operation pause = make(OpCode::pause);
  randomize(pause, 1);
  const uint64_t strand = random(one_in(2) ? 1 : 3);
  set(pause, Role::strand, strand);
  operations.insert(operations.begin() + static_cast<ptrdiff_t>(at), pause);
  if (one_in(4)) return;
  Operation resume = make(OpCode::resume);
  set(resume, Role::strand, strand);
  set(resume, Role::here, one_in(8));
  size_t later = std::min(at + 2 + 1 + random(one_in(2) ? 2 : 6), operations.size());
  operations.insert(operations.begin() + static_cast<ptrdiff_t>(later), resume);
}

// Adds, removes or shifts a fault.
void Mutator::change_mask(Value& mask) {
  uint64_t bit = uint64_t{1} << random(one_in(2) ? 4 : 34);
  switch (random(5)) {
    case 0: mask.number |= bit; break;
    case 1: mask.number &= mask.number - 1; break;
    case 2: mask.number <<= 1; break;
    case 3: mask.number >>= 1; break;
    default: mask = random_fault().operands[0]; break;
  }
  if (!mask.number) mask.number = bit;
}

Operation Mutator::random_cpu(OpCode code) {
  Operation operation = make(code);
  randomize(operation, 0);
  return operation;
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
  // Domains share only the caches, so most programs need one domain, some two.
  if (spec(code).on_domain && one_in(4)) operation.domain = static_cast<uint8_t>(random(2));
  for (size_t i = 0; i < spec(code).operands.size(); i++) {
    const RoleSpec& role = spec(spec(code).operands[i].role);
    if (role.written == Written::alone || one_in(role.kind == Kind::pfn ? 8 : 4))
      randomize(operation, i);
  }
  return operation;
}

void Mutator::randomize(Operation& operation, size_t operand) {
  const RoleSpec& role = spec(spec(operation.code).operands[operand].role);
  Value& value = operation.operands[operand];
  switch (role.kind) {
    case Kind::bits: {
      const uint64_t values = role.high - role.low + 1;
      value = {0, role.low + random(values)};
      if (role.usual) value.number = role.low + random(one_in(4) ? values : role.usual);
      break;
    }
    case Kind::number:
      if (one_in(4) && value.number > role.low && value.number < role.high)
        value.number += one_in(2) ? 1 : -1;
      else if (role.usual && !one_in(4))
        value = {0, role.low + random(role.usual)};
      else
        value = role.pool[random(role.pool.size())];
      break;
    case Kind::pfn:
      if (one_in(4)) {
        value.number += random(129) - 64;
      } else {
        value = role.pool[random(role.pool.size())];
      }
      if (!role.allows(value)) value.base = static_cast<uint16_t>(Base::absolute);
      break;
    case Kind::mask: value = random_fault().operands[0]; break;
  }
}

// Mostly one failing attempt: among the first few of any operation, or among the many of rcache
// init.
Operation Mutator::random_fault() {
  Operation fault = make(OpCode::fail);
  uint64_t mask = uint64_t{1} << random(one_in(2) ? 4 : 34);
  while (one_in(6)) mask |= uint64_t{1} << random(34);
  // If memory has run out, all later attempts fail.
  fault.operands[0] = {0, one_in(16) ? ~uint64_t{0} << random(16) : mask};
  return fault;
}

}  // namespace program
