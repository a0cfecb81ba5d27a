// SPDX-License-Identifier: GPL-2.0-only
// The operations of programs: one table, from which the codecs, the dictionary, the documentation
// and the mutation follow. A row is all that a new operation needs here; what it does is in the
// engine's interpreter.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "program/limits.h"

namespace program {

// The number is the opcode of the binary form and stays with the operation for good.
enum class OpCode : uint8_t {
  cache_get = 0,
  init = 1,
  init_rcaches = 2,
  fail = 3,
  alloc_fast = 4,
  free_fast = 5,
  alloc = 6,
  free = 7,
  put = 8,
  cache_put = 9,
  cpus = 10,
  cpu = 11,
  offline = 12,
  online = 13,
  tick = 14,
  reserve = 15,
  find = 16,
  find_pfn = 17,
  free_iova = 18,
  irq = 19,
  queue_init = 20,
  queue = 21,
  slow = 22,
  flush_done = 23,
  edge = 24,
  free_pfn = 25,
};
inline constexpr size_t operation_count = 26;
inline constexpr auto all_operations = [] {
  std::array<OpCode, operation_count> codes{};
  for (size_t i = 0; i < codes.size(); i++) codes[i] = static_cast<OpCode>(i);
  return codes;
}();

// What an operand is for. An operation has at most one of each.
enum class Role : uint8_t {
  cpus, cpu, granule, start, slot, size, limit, lo, count, unaligned, no_flush, oldest, at, pfn,
  ms, mask, single, pages,
};
inline constexpr size_t role_count = 18;

enum class Kind : uint8_t {
  bits,    // a small number, packed with its neighbours into a byte
  number,  // one byte that names a value of a pool, or announces a raw one
  pfn,     // the same, relative to a base
  mask,    // the same, a set of allocation attempts
};

// Bases of a pfn operand: so that a value keeps its meaning when the domain changes.
enum class Base : uint16_t { absolute, start, dma24, dma30, dma31, dma32, dma48, dma64 };
inline constexpr size_t base_count = 8;

// An operand's value. number alone but for
//   pfn:  number is added to the base (modulo 2^64)
//   mask: the attempts are the bits of number, shifted left by base
struct Value {
  uint16_t base = 0;
  uint64_t number = 0;
  bool operator==(const Value&) const = default;
};

struct OperandSpec {
  Role role;
  Value fallback;  // when the operand is not given
};

struct RoleSpec {
  const char* key;  // in text
  Kind kind;
  uint8_t bits;        // of Kind::bits
  bool positional;     // in text: the value alone
  uint64_t low, high;  // range of Kind::bits and Kind::number
  std::span<const Value> pool;
  const char* meaning;
};

enum class Reports : uint8_t {
  nothing,    // returns no error: a fault may only make it do less
  failure,    // any fault in it makes it fail
  may_retry,  // it may succeed after a fault by another way
};

struct OperationSpec {
  OpCode code;
  const char* name;
  bool on_domain;  // names one of the domains
  Reports reports;
  bool any_context;  // may be called in interrupt handlers
  uint8_t weight;  // how often mutation inserts it, relative to the others
  std::span<const OperandSpec> operands;
  const char* function;  // of the allocator, that it calls; "" if none
  const char* meaning;
  const char* contract;  // when it is skipped instead, to keep the allocator's contract
};

struct Operation {
  OpCode code = OpCode::cache_get;
  uint8_t domain = 0;
  std::array<Value, 6> operands{};  // in the order of the table
  bool operator==(const Operation&) const = default;
};

std::span<const OperationSpec> operations();  // indexed by opcode
const OperationSpec& spec(OpCode code);
const RoleSpec& spec(Role role);
const OperationSpec* find_operation(std::string_view name);  // NULL if there is none
const char* name(Base base);

// An operation with every operand at its fallback.
Operation make(OpCode code);
// The index of a role among an operation's operands, or -1.
int operand_index(OpCode code, Role role);
// Whether it does nothing but prepare the next operation.
inline bool is_prefix(OpCode code) {
  return code == OpCode::fail || code == OpCode::irq || code == OpCode::slow ||
         code == OpCode::edge;
}
// The operation must have the role.
inline const Value& value(const Operation& operation, Role role) {
  return operation.operands[operand_index(operation.code, role)];
}
// How many calls into the allocator the operation stands for.
uint64_t calls(const Operation& operation);

}  // namespace program
