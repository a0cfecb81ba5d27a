// SPDX-License-Identifier: GPL-2.0-only
#include "program/operation.h"

#include <algorithm>
#include <map>
#include <vector>

namespace program {
namespace {

constexpr Value at(Base base, int64_t offset) {
  return {static_cast<uint16_t>(base), static_cast<uint64_t>(offset)};
}

// Sizes in pages: those that magazines cache, values next to these, and some large ones.
constexpr Value sizes[] = {
    {0, 1},
    {0, 2},
    {0, 3},
    {0, 4},
    {0, 5},
    {0, 7},
    {0, 8},
    {0, 9},
    {0, 15},
    {0, 16},
    {0, 17},
    {0, 24},
    {0, 31},
    {0, 32},
    {0, 33},
    {0, 48},
    {0, 63},
    {0, 64},
    {0, 65},
    {0, 100},
    {0, 127},
    {0, 128},
    {0, 129},
    {0, 255},
    {0, 256},
    {0, 512},
    {0, 1000},
    {0, 1024},
    {0, 4095},
    {0, 4096},
    {0, 0x10000},
    {0, 0x7ffff},
    {0, 0x80000},
    {0, 0xfffff},
    {0, 0x100000},
    {0, 0x100001},
    {0, uint64_t{1} << 32},
    {0, uint64_t{1} << 51},
};

// Counts around the capacity of one and two magazines, and of a depot that work trims.
constexpr Value counts[] = {
    {0, 1},   {0, 2},   {0, 3},   {0, 4},   {0, 8},   {0, 16},  {0, 32},  {0, 64},
    {0, 126}, {0, 127}, {0, 128}, {0, 129}, {0, 253}, {0, 254}, {0, 255}, {0, 256},
    {0, 381}, {0, 382}, {0, 509}, {0, 512}, {0, 640}, {0, 768}, {0, 900}, {0, 1024},
};

constexpr Value points[] = {{0, 1},  {0, 2},  {0, 3},  {0, 4},  {0, 6},  {0, 8},
                            {0, 12}, {0, 16}, {0, 24}, {0, 32}, {0, 64}, {0, 128}};

constexpr Value ticks[] = {{0, 1}, {0, 10}, {0, 99}, {0, 100}, {0, 101}, {0, 200}, {0, 1000}};

constexpr Value pfns[] = {
    at(Base::dma32, -1),       at(Base::dma64, -1),       at(Base::dma48, -1),
    at(Base::dma31, -1),       at(Base::dma30, -1),       at(Base::dma24, -1),
    at(Base::start, 0),        at(Base::start, -1),       at(Base::start, 1),
    at(Base::start, 2),        at(Base::start, 3),        at(Base::start, 7),
    at(Base::start, 15),       at(Base::start, 30),       at(Base::start, 31),
    at(Base::start, 32),       at(Base::start, 63),       at(Base::start, 127),
    at(Base::start, 255),      at(Base::start, 1022),     at(Base::absolute, 0),
    at(Base::absolute, 1),     at(Base::absolute, 2),     at(Base::absolute, 7),
    at(Base::absolute, 8),     at(Base::absolute, 15),    at(Base::absolute, 16),
    at(Base::absolute, 31),    at(Base::absolute, 50),    at(Base::absolute, 63),
    at(Base::absolute, 64),    at(Base::absolute, 100),   at(Base::absolute, 128),
    at(Base::absolute, 255),   at(Base::absolute, 256),   at(Base::absolute, 0x3ff),
    at(Base::absolute, 0x400), at(Base::absolute, 0xfff), at(Base::absolute, 0x1000),
    at(Base::dma32, 0),        at(Base::dma32, 1),        at(Base::dma32, -2),
    at(Base::dma32, -4),       at(Base::dma32, -16),      at(Base::dma32, -32),
    at(Base::dma32, -33),      at(Base::dma32, -128),     at(Base::dma32, -1024),
    at(Base::dma32, 31),       at(Base::dma32, 127),      at(Base::dma32, 1024),
    at(Base::dma24, 0),        at(Base::dma30, 0),        at(Base::dma31, 0),
    at(Base::dma48, 0),        at(Base::dma48, -128),     at(Base::dma64, -2),
    at(Base::dma64, -128),
};

constexpr const char* letters[max_slots] = {"a", "b", "c", "d", "e", "f", "g", "h",
                                            "i", "j", "k", "l", "m", "n", "o", "p"};
constexpr const char* strands[max_suspended] = {"a", "b", "c", "d"};
constexpr const char* positions[] = {"first", "middle", "last"};

constexpr RoleSpec roles[] = {
#define ROLE(identifier, ...) {__VA_ARGS__},
#include "program/roles.inc"
#undef ROLE
};

constexpr Value below_4g = at(Base::dma32, -1), start = at(Base::start, 0);

// Operands as written in rows: operands<of(role, fallback), ...>.
constexpr OperandSpec of(Role role, Value fallback) { return {role, fallback}; }
constexpr OperandSpec of(Role role, uint64_t fallback = 0) { return {role, {0, fallback}}; }
template <OperandSpec... all>
constexpr OperandSpec operands[] = {all...};

constexpr OperationSpec table[operation_count] = {
#define OPERATION(identifier, opcode, ...) {.code = OpCode::identifier, __VA_ARGS__},
#include "program/operations.inc"
#undef OPERATION
};

constexpr bool table_is_indexed_by_opcode() {
  for (size_t i = 0; i < operation_count; i++)
    if (static_cast<size_t>(table[i].code) != i) return false;
  return true;
}
static_assert(table_is_indexed_by_opcode());

constexpr auto make_operand_indices() {
  std::array<std::array<int8_t, role_count>, operation_count> result{};
  for (size_t op = 0; op < operation_count; op++) {
    for (size_t role = 0; role < role_count; role++) result[op][role] = -1;
    for (size_t i = 0; i < table[op].operands.size(); i++)
      result[op][static_cast<size_t>(table[op].operands[i].role)] = static_cast<int8_t>(i);
  }
  return result;
}
constexpr auto operand_indices = make_operand_indices();

constexpr const char* base_names[base_count] = {"",      "start", "dma24", "dma30",
                                                "dma31", "dma32", "dma48", "dma64"};

}  // namespace

std::span<const OperationSpec> operations() { return table; }
const OperationSpec& spec(OpCode code) { return table[static_cast<size_t>(code)]; }
const RoleSpec& spec(Role role) { return roles[static_cast<size_t>(role)]; }
const char* name(Base base) { return base_names[static_cast<size_t>(base)]; }

std::span<const OpCode> operations_of(uint8_t uses) {
  static std::map<uint8_t, std::vector<OpCode>> known;
  auto [found, is_new] = known.try_emplace(uses);
  if (is_new)
    for (const OperationSpec& op : table)
      if (op.uses & uses) found->second.push_back(op.code);
  return found->second;
}

const OperationSpec* find_operation(std::string_view name) {
  for (const OperationSpec& candidate : table)
    if (name == candidate.name) return &candidate;
  return nullptr;
}

Operation make(OpCode code) {
  Operation operation{.code = code};
  auto operands = spec(code).operands;
  for (size_t i = 0; i < operands.size(); i++) operation.operands[i] = operands[i].fallback;
  return operation;
}

int operand_index(OpCode code, Role role) {
  return operand_indices[static_cast<size_t>(code)][static_cast<size_t>(role)];
}

void set(Operation& operation, Role role, uint64_t number) {
  const int index = operand_index(operation.code, role);
  if (index >= 0) operation.operands[static_cast<size_t>(index)] = {0, number};
}

bool names_cpu(const Operation& operation, unsigned cpu) {
  const auto operands = spec(operation.code).operands;
  for (size_t i = 0; i < operands.size(); i++)
    if (spec(operands[i].role).is_cpu && operation.operands[i].number == cpu) return true;
  return false;
}

bool is_about_cpus(OpCode code) {
  const auto operands = spec(code).operands;
  return code == OpCode::cpus ||
         std::any_of(operands.begin(), operands.end(),
                     [](const OperandSpec& operand) { return spec(operand.role).is_cpu; });
}

uint64_t calls(const Operation& operation) {
  int index = operand_index(operation.code, Role::count);
  return index < 0 ? 1 : operation.operands[index].number;
}

}  // namespace program
