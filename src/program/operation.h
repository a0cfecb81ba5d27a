// SPDX-License-Identifier: GPL-2.0-only
// The operations of programs, defined by two tables, operations.inc and roles.inc. Codecs,
// dictionaries, documentation and mutation are derived from these.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "program/limits.h"

namespace program {

// The values are the opcodes of the binary form.
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

// The meaning of an operand: a row of roles.inc. An operation has at most one operand of a role.
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
  number,  // one byte: an entry of the pool, or the width of a raw value
  pfn,     // like number, relative to a base
  mask,    // like number, a set of allocation attempts
};

// Bases of a pfn operand, so that a value keeps its meaning when the domain changes.
enum class Base : uint16_t { absolute, start, dma24, dma30, dma31, dma32, dma48, dma64 };
inline constexpr size_t base_count = 8;

// An operand's value: the number alone, except for
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

// Notation in text.
enum class Written : uint8_t {
  named,  // key=value, or the key alone for a flag
  alone,  // the value
  glued,  // key and value in one word: x256
};

struct RoleSpec {
  const char* key = "";  // in text
  Kind kind{};
  Written written = Written::named;
  uint64_t low = 0, high = ~uint64_t{0};  // range of Kind::bits and Kind::number
  uint64_t high_in_text = 0;              // larger limit in text; 0: none
  uint64_t usual = 0;             // mutation mostly picks one of this many lowest values; 0: any
  std::span<const Value> pool{};  // for Kind::number and Kind::pfn
  std::span<const char* const> names{};  // in text, a name for each value
  bool is_exponent = false;              // text has 2 to the power of the value, from 1K on in K
  bool is_base = false;                  // it defines Base::start, so it cannot be relative to it
  bool is_cpu = false;                   // its number is a CPU
  const char* meaning = "";

  // Width in the binary form, for Kind::bits.
  constexpr unsigned bits() const {
    return kind == Kind::bits ? static_cast<unsigned>(std::bit_width(high - low)) : 0;
  }
  constexpr bool is_flag() const { return written == Written::named && bits() == 1; }
  constexpr bool allows(const Value& value) const {
    return !is_base || value.base != static_cast<uint16_t>(Base::start);
  }
};

// How an operation makes others overlap.
enum class Overlap : uint8_t {
  none,
  suspends,  // a prefix: the next operation is suspended
  resumes,   // a suspended operation continues
};

enum class Reports : uint8_t {
  nothing,    // returns no error; a fault may only reduce its effect
  failure,    // any fault makes it fail
  may_retry,  // it may succeed after a fault, in another way
};

// Conditions without which an operation is skipped, as a set. Earlier operations establish them.
namespace needs {
inline constexpr uint8_t cache = 1, domain = 2, rcaches = 4, queue = 8;
inline constexpr uint8_t all[] = {cache, domain, rcaches, queue};  // in order of set-up
inline constexpr uint8_t of_a_domain = domain | rcaches | queue;   // all but the shared cache
}  // namespace needs

// Purposes of operations, as a set, for targets that use only some operations.
namespace uses {
inline constexpr uint8_t edges = 1, queue = 2, rcache = 4, tree = 8;
inline constexpr uint8_t init = 16;        // init and teardown, and a few operations
                                           // that use what a failed init left
inline constexpr uint8_t cost = 32;        // no faults, which end work early
inline constexpr uint8_t interleave = 64;  // overlapping operations
inline constexpr uint8_t sequential = edges | queue | rcache | tree | init | cost;
}  // namespace uses

struct OperationSpec {
  OpCode code{};
  const char* name = "";
  bool on_domain = false;  // has a domain operand
  bool is_prefix = false;  // only prepares the next operation
  Reports reports = Reports::nothing;
  bool allocates = false;    // a fault may hit it, although it reports nothing
  bool may_flush = false;    // may flush the hardware
  bool any_context = false;  // may be called in interrupt handlers
  // Never suspended: the pfn that it asks about must not change hands meanwhile.
  bool is_undivided = false;
  Overlap overlap{};
  bool passes_time = false;   // runs handlers of timers and work
  bool changes_cpus = false;  // takes the CPUs in its operands offline or online
  uint8_t weight = 0;         // how often mutation inserts it, relative to others
  uint8_t uses = 0;           // besides targets with all operations
  std::span<const OperandSpec> operands{};
  uint8_t needs = 0;             // conditions without which it is skipped
  uint8_t gives = 0, takes = 0;  // conditions that it establishes or ends, unless it fails
  const char* function = "";     // the allocator's function that it calls; "" if none
  const char* meaning = "";
  const char* contract = "";  // when it is skipped to keep the contract
};

struct Operation {
  OpCode code = OpCode::cache_get;
  uint8_t domain = 0;
  std::array<Value, 6> operands{};  // in the order of its row
  bool operator==(const Operation&) const = default;
};

std::span<const OperationSpec> operations();  // indexed by opcode
const OperationSpec& spec(OpCode code);
const RoleSpec& spec(Role role);
const OperationSpec* find_operation(std::string_view name);  // NULL if there is none
const char* name(Base base);

// Operations with any of these uses, in the order of the table.
std::span<const OpCode> operations_of(uint8_t uses);

// An operation with every operand at its fallback.
Operation make(OpCode code);
// The index of a role among an operation's operands, or -1.
int operand_index(OpCode code, Role role);
inline bool is_prefix(OpCode code) { return spec(code).is_prefix; }
// Whether a fault can change its effect.
inline bool can_fail(OpCode code) {
  return spec(code).reports != Reports::nothing || spec(code).allocates;
}
// Does nothing if the operation lacks the role.
void set(Operation& operation, Role role, uint64_t number);
// Requires that the operation has the role.
inline const Value& value(const Operation& operation, Role role) {
  return operation.operands[operand_index(operation.code, role)];
}
// Whether an operand names that CPU.
bool names_cpu(const Operation& operation, unsigned cpu);
// Whether it has a CPU as operand, or sets the number of CPUs.
bool is_about_cpus(OpCode code);
// Whether it needs or creates a flush queue.
inline bool is_of_queue(OpCode code) {
  return (spec(code).needs | spec(code).gives) & needs::queue;
}
inline bool is_suspension(OpCode code) { return spec(code).overlap == Overlap::suspends; }
// Whether it may be suspended while others run.
inline bool may_be_suspended(OpCode code) {
  return *spec(code).function && !spec(code).is_undivided;
}
// The number of calls into the allocator that the operation makes.
uint64_t calls(const Operation& operation);

}  // namespace program
