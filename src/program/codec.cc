// SPDX-License-Identifier: GPL-2.0-only
//
// The binary form of programs.
//
// The machine. A program is a list of operations on a small world: up to eight CPUs, one of them
// current; virtual time; one pair of shared slab caches with a reference count; four domains. Each
// domain has sixteen slots, bags of ranges granted to the program: an allocating operation adds to
// a slot, a freeing one takes from it, newest or oldest first. A slot names ranges, not the
// operation that allocated them, so removing an operation keeps the meaning of all that do not
// depend on it. An operation that would break the allocator's contract (a free from an empty slot,
// an allocation from a domain that is not initialized) is skipped, so every list of operations can
// run. `fail` changes no state of the allocator: it selects allocation attempts of the next
// operation, which then fail. `pause` selects a scheduling point (shim/context.h) at which the next
// operation is suspended. Later operations run meanwhile, on a CPU without suspended operations or
// where `cpu` puts them, until `resume`. At the end of the program all suspended operations finish.
//
// The bytes. Decoding runs front to back and never fails:
//
//   program   = operation*                 at most max_operations, max_calls; the rest is ignored
//   operation = head operand*
//   head      = e dd ooooo                 bit 7, bits 6-5, bits 4-0
//
//   ooooo     the opcode; an unused number n means n - operation_count
//   dd        the domain, ignored by operations without one
//   e         1: operands follow, in the order of the operation table. 0: all have their fallback,
//             so the most frequent operations are one byte long
//
//   operands of Kind::bits that stand next to each other share a byte, the first in the lowest
//   bits; a value beyond the range is taken modulo its size
//
//   Kind::number  one byte b: below 252, entry b of the pool (modulo the pool's size);
//                 252, 253, 254, 255: a raw value of 1, 2, 4, 8 bytes follows, little endian
//   Kind::pfn     one byte b: below 192, entry b of the pool; otherwise 11 s ww bbb: base bbb,
//                 ww the width (1, 2, 4, 8 bytes) of a raw offset that follows, s its sign
//   Kind::mask    one byte b: below 64, bit b alone; below 127, the lowest b - 62 bits;
//                 below 254, bit b - 63 alone; 254: a shift of 2 bytes and 8 bytes to be shifted;
//                 255: 8 bytes
//
//   Bytes missing at the end read as zero. The empty input is the empty program.
//
// Many byte strings decode to the same program; encode() gives the canonical one: e is 0 if
// possible, values in a pool are encoded as its entries, raw values are as short as possible.
#include <algorithm>
#include <bit>

#include "program/program.h"
#include "shim/fault.h"

namespace program {
namespace {

constexpr uint8_t extended = 0x80;
constexpr uint8_t first_raw_number = 252;
constexpr uint8_t first_raw_pfn = 192;
constexpr uint64_t max_mask_shift = shim::max_planned_attempts - 64;

class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  size_t position() const { return position_; }
  bool at_end() const { return position_ >= bytes_.size(); }
  uint8_t byte() { return at_end() ? 0 : bytes_[position_++]; }
  uint64_t little_endian(unsigned width) {
    uint64_t result = 0;
    for (unsigned i = 0; i < width; i++) result |= uint64_t{byte()} << (8 * i);
    return result;
  }

 private:
  std::span<const uint8_t> bytes_;
  size_t position_ = 0;
};

void put_little_endian(std::vector<uint8_t>& bytes, uint64_t value, unsigned width) {
  for (unsigned i = 0; i < width; i++) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

// Widths are coded in two bits: 0, 1, 2, 3 for 1, 2, 4, 8 bytes.
unsigned width_code(uint64_t value) {
  if (value <= 0xff) return 0;
  if (value <= 0xffff) return 1;
  return value <= 0xffffffff ? 2 : 3;
}

uint64_t into_range(uint64_t value, const RoleSpec& role) {
  if (value >= role.low && value <= role.high) return value;
  return role.low + value % (role.high - role.low + 1);
}

int pool_index(const RoleSpec& role, const Value& value) {
  for (size_t i = 0; i < role.pool.size(); i++)
    if (role.pool[i] == value) return static_cast<int>(i);
  return -1;
}

Value decode_number(Reader& reader, const RoleSpec& role) {
  uint8_t b = reader.byte();
  if (b < first_raw_number) return role.pool[b % role.pool.size()];
  return {0, into_range(reader.little_endian(1u << (b - first_raw_number)), role)};
}

void encode_number(const RoleSpec& role, const Value& value, std::vector<uint8_t>& bytes) {
  int index = pool_index(role, value);
  if (index >= 0) return bytes.push_back(static_cast<uint8_t>(index));
  unsigned code = width_code(value.number);
  bytes.push_back(static_cast<uint8_t>(first_raw_number + code));
  put_little_endian(bytes, value.number, 1u << code);
}

Value decode_pfn(Reader& reader, const RoleSpec& role) {
  uint8_t b = reader.byte();
  if (b < first_raw_pfn) return role.pool[b % role.pool.size()];
  uint64_t offset = reader.little_endian(1u << (b >> 3 & 3));
  return {static_cast<uint16_t>(b & 7), b & 0x20 ? -offset : offset};
}

void encode_pfn(const RoleSpec& role, const Value& value, std::vector<uint8_t>& bytes) {
  int index = pool_index(role, value);
  if (index >= 0) return bytes.push_back(static_cast<uint8_t>(index));
  bool negative = value.base != 0 && static_cast<int64_t>(value.number) < 0;
  uint64_t offset = negative ? -value.number : value.number;
  unsigned code = width_code(offset);
  bytes.push_back(static_cast<uint8_t>(first_raw_pfn | negative << 5 | code << 3 | value.base));
  put_little_endian(bytes, offset, 1u << code);
}

// Shifts only if 64 bits do not suffice, and then by as much as possible.
Value canonical_mask(uint64_t number, uint64_t shift) {
  if (!number) return {0, 1};
  uint64_t lowest = std::countr_zero(number) + shift;
  number >>= std::countr_zero(number);
  if (std::bit_width(number) + lowest <= 64) return {0, number << lowest};
  return {static_cast<uint16_t>(lowest), number};
}

Value decode_mask(Reader& reader) {
  uint8_t b = reader.byte();
  if (b < 64) return {0, uint64_t{1} << b};
  if (b < 127) return {0, ~uint64_t{0} >> (126 - b)};
  if (b < 254) return canonical_mask(1, b - 63);
  uint64_t shift = b == 254 ? reader.little_endian(2) % (max_mask_shift + 1) : 0;
  return canonical_mask(reader.little_endian(8), shift);
}

void encode_mask(const Value& value, std::vector<uint8_t>& bytes) {
  uint64_t low_ones = std::countr_one(value.number);
  if (value.base == 0 && std::has_single_bit(value.number))
    return bytes.push_back(static_cast<uint8_t>(std::countr_zero(value.number)));
  if (value.base == 0 && low_ones && value.number == ~uint64_t{0} >> (64 - low_ones))
    return bytes.push_back(static_cast<uint8_t>(62 + low_ones));
  if (value.number == 1 && value.base + 63 < 254)
    return bytes.push_back(static_cast<uint8_t>(value.base + 63));
  uint64_t shift = std::min<uint64_t>(value.base, max_mask_shift);
  bytes.push_back(shift ? 254 : 255);
  if (shift) put_little_endian(bytes, shift, 2);
  put_little_endian(bytes, value.number << (value.base - shift), 8);
}

OpCode operation_of(uint8_t head) {
  size_t code = head & 0x1f;
  return static_cast<OpCode>(code < operation_count ? code : code - operation_count);
}

Operation decode_operation(Reader& reader) {
  uint8_t head = reader.byte();
  Operation operation = make(operation_of(head));
  const OperationSpec& op = spec(operation.code);
  if (op.on_domain) operation.domain = head >> 5 & 3;
  if (!(head & extended)) return operation;
  uint8_t packed = 0;
  unsigned used_bits = 8;  // bits of `packed` already used
  for (size_t i = 0; i < op.operands.size(); i++) {
    const RoleSpec& role = spec(op.operands[i].role);
    Value& value = operation.operands[i];
    if (role.kind != Kind::bits) used_bits = 8;
    switch (role.kind) {
      case Kind::bits: {
        if (used_bits + role.bits() > 8) {
          packed = reader.byte();
          used_bits = 0;
        }
        uint64_t raw = packed >> used_bits & ((1u << role.bits()) - 1);
        value = {0, role.low + raw % (role.high - role.low + 1)};
        used_bits += role.bits();
        break;
      }
      case Kind::number: value = decode_number(reader, role); break;
      case Kind::pfn:
        value = decode_pfn(reader, role);
        if (!role.allows(value)) value.base = static_cast<uint16_t>(Base::absolute);
        break;
      case Kind::mask: value = decode_mask(reader); break;
    }
  }
  return operation;
}

}  // namespace

size_t decode(std::span<const uint8_t> bytes, Program& program) {
  program.operations.clear();
  Reader reader(bytes);
  uint64_t total_calls = 0;
  while (!reader.at_end() && program.operations.size() < max_operations) {
    const size_t used = reader.position();
    Operation operation = decode_operation(reader);
    total_calls += calls(operation);
    if (total_calls > max_calls) return used;
    program.operations.push_back(operation);
  }
  return reader.position();
}

Program decode(std::span<const uint8_t> bytes) {
  Program program;
  decode(bytes, program);
  return program;
}

bool fits_bytes(const Program& program) {
  uint64_t total = 0, largest = 0;
  for (const Operation& operation : program.operations) {
    total += calls(operation);
    largest = std::max(largest, calls(operation));
  }
  return total <= max_calls && largest <= max_count && program.operations.size() <= max_operations;
}

void encode(const Operation& operation, std::vector<uint8_t>& bytes) {
  const OperationSpec& op = spec(operation.code);
  uint8_t head = static_cast<uint8_t>(static_cast<unsigned>(operation.code) |
                                      (op.on_domain ? operation.domain << 5 : 0));
  Operation plain = make(operation.code);
  plain.domain = operation.domain;
  if (operation == plain) return bytes.push_back(head);
  bytes.push_back(head | extended);
  unsigned used_bits = 8;
  for (size_t i = 0; i < op.operands.size(); i++) {
    const RoleSpec& role = spec(op.operands[i].role);
    const Value& value = operation.operands[i];
    if (role.kind != Kind::bits) used_bits = 8;
    switch (role.kind) {
      case Kind::bits:
        if (used_bits + role.bits() > 8) {
          bytes.push_back(0);
          used_bits = 0;
        }
        bytes.back() |= static_cast<uint8_t>((value.number - role.low) << used_bits);
        used_bits += role.bits();
        break;
      case Kind::number: encode_number(role, value, bytes); break;
      case Kind::pfn: encode_pfn(role, value, bytes); break;
      case Kind::mask: encode_mask(value, bytes); break;
    }
  }
}

std::vector<uint8_t> encode_within(const Program& program, size_t max_size) {
  std::vector<uint8_t> bytes;
  for (const Operation& operation : program.operations) {
    size_t end = bytes.size();
    encode(operation, bytes);
    if (bytes.size() <= max_size) continue;
    bytes.resize(end);
    break;
  }
  return bytes;
}

std::vector<uint8_t> encode(const Program& program) { return encode_within(program, SIZE_MAX); }

}  // namespace program
