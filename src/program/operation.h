// SPDX-License-Identifier: GPL-2.0-only
// The operations of programs: two tables, operations.inc and roles.inc, from which the codecs, the
// dictionaries, the documentation and the mutation follow.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "program/limits.h"

namespace program {

// The number is the opcode of the binary form.
enum class OpCode : uint8_t {
#define OPERATION(identifier, opcode, ...) identifier = opcode,
#include "program/operations.inc"
#undef OPERATION
};
inline constexpr size_t operation_count = [] {
  size_t count = 0;
#define OPERATION(identifier, opcode, ...) count++;
#include "program/operations.inc"
#undef OPERATION
  return count;
}();
inline constexpr auto all_operations = [] {
  std::array<OpCode, operation_count> codes{};
  for (size_t i = 0; i < codes.size(); i++) codes[i] = static_cast<OpCode>(i);
  return codes;
}();

// What an operand is for: a row of roles.inc. An operation has at most one of each.
enum class Role : uint8_t {
#define ROLE(identifier, ...) identifier,
#include "program/roles.inc"
#undef ROLE
};
inline constexpr size_t role_count = [] {
  size_t count = 0;
#define ROLE(identifier, ...) count++;
#include "program/roles.inc"
#undef ROLE
  return count;
}();

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

// In text.
enum class Written : uint8_t {
  named,  // key=value; the key alone if the only other value is 0
  alone,  // the value
  glued,  // the key and the value: x256
};

struct RoleSpec {
  const char* key = "";  // in text
  Kind kind{};
  Written written = Written::named;
  uint64_t low = 0, high = ~uint64_t{0};  // range of Kind::bits and Kind::number
  uint64_t high_in_text = 0;              // if text may hold more
  uint64_t usual = 0;                     // mutation mostly takes one of the lowest so many; 0: any
  std::span<const Value> pool{};          // of Kind::number and Kind::pfn
  std::span<const char* const> names{};   // in text, of each value
  bool is_exponent = false;               // in text: 2 to the value, from 1K on in K
  bool is_base = false;                   // Base::start means it: it can't be relative to itself
  bool is_cpu = false;                    // its number is a CPU's
  const char* meaning = "";

  // In the binary form, of Kind::bits.
  constexpr unsigned bits() const {
    return kind == Kind::bits ? static_cast<unsigned>(std::bit_width(high - low)) : 0;
  }
  constexpr bool is_flag() const { return written == Written::named && bits() == 1; }
  constexpr bool allows(const Value& value) const {
    return !is_base || value.base != static_cast<uint16_t>(Base::start);
  }
};

// What a program says of operations that overlap.
enum class Overlap : uint8_t {
  none,
  suspends,  // a prefix: the next one stops in its midst
  resumes,   // one that is suspended goes on
};

enum class Reports : uint8_t {
  nothing,    // returns no error: a fault may only make it do less
  failure,    // any fault in it makes it fail
  may_retry,  // it may succeed after a fault by another way
};

// What an operation is skipped without, a set. The operations that give it come before.
namespace needs {
inline constexpr uint8_t cache = 1, domain = 2, rcaches = 4, queue = 8;
inline constexpr uint8_t all[] = {cache, domain, rcaches, queue};  // in the order they are given
inline constexpr uint8_t of_a_domain = domain | rcaches | queue;   // the cache is everybody's
}  // namespace needs

// Operations that serve a purpose, for targets that are not for all of them: a set.
namespace uses {
inline constexpr uint8_t edges = 1, queue = 2, rcache = 4, tree = 8;
inline constexpr uint8_t init = 16;  // just enough beyond init and teardown to use what a failed
                                     // init left
inline constexpr uint8_t cost = 32;  // without faults, which end work early
inline constexpr uint8_t interleave = 64;  // operations that overlap
inline constexpr uint8_t all = edges | queue | rcache | tree | init | cost;
}  // namespace uses

struct OperationSpec {
  OpCode code{};
  const char* name = "";
  bool on_domain = false;  // names one of the domains
  bool is_prefix = false;  // does nothing but prepare the next operation
  Reports reports = Reports::nothing;
  bool allocates = false;    // so that a fault may hit it, although it reports nothing
  bool may_flush = false;    // the hardware
  bool any_context = false;  // may be called in interrupt handlers
  // Never suspended: what it asks about, its caller must own to the end.
  bool is_undivided = false;
  Overlap overlap{};
  bool passes_time = false;   // so that handlers run
  bool changes_cpus = false;  // those that its operands name go offline or come online
  uint8_t weight = 0;         // how often mutation inserts it, relative to the others
  uint8_t uses = 0;           // beside that of targets for all operations
  std::span<const OperandSpec> operands{};
  uint8_t needs = 0;             // to do anything
  uint8_t gives = 0, takes = 0;  // of the above, unless it fails
  const char* function = "";     // of the allocator, that it calls; "" if none
  const char* meaning = "";
  const char* contract = "";  // when it is skipped instead, to keep the allocator's contract
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

// Those with any of these uses, in the order of the table.
std::span<const OpCode> operations_of(uint8_t uses);

// An operation with every operand at its fallback.
Operation make(OpCode code);
// The index of a role among an operation's operands, or -1.
int operand_index(OpCode code, Role role);
inline bool is_prefix(OpCode code) { return spec(code).is_prefix; }
// Whether a fault can change what it does.
inline bool can_fail(OpCode code) {
  return spec(code).reports != Reports::nothing || spec(code).allocates;
}
// If the operation has the role.
void set(Operation& operation, Role role, uint64_t number);
// The operation must have the role.
inline const Value& value(const Operation& operation, Role role) {
  return operation.operands[operand_index(operation.code, role)];
}
// Whether an operand is that CPU.
bool names_cpu(const Operation& operation, unsigned cpu);
// Whether it is about CPUs: which one it runs on, or how many there are.
bool is_about_cpus(OpCode code);
// Whether it is about flush queues.
inline bool is_of_queue(OpCode code) {
  return (spec(code).needs | spec(code).gives) & needs::queue;
}
inline bool is_suspension(OpCode code) { return spec(code).overlap == Overlap::suspends; }
// Whether others may run in its midst.
inline bool may_be_suspended(OpCode code) {
  return *spec(code).function && !spec(code).is_undivided;
}
// How many calls into the allocator the operation stands for.
uint64_t calls(const Operation& operation);

}  // namespace program
