// SPDX-License-Identifier: GPL-2.0-only
// Programs and their two forms: bytes for fuzzing engines, text for people.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "program/operation.h"

namespace program {

struct Program {
  std::vector<Operation> operations;
  bool operator==(const Program&) const = default;
};

// Whether its operations may overlap.
inline bool has_pauses(const Program& program) {
  return std::any_of(program.operations.begin(), program.operations.end(),
                     [](const Operation& operation) { return operation.code == OpCode::pause; });
}

// The number of possible CPUs; 2 unless the first operation sets it.
inline unsigned cpus_of(const Program& program) {
  const bool says = !program.operations.empty() && program.operations[0].code == OpCode::cpus;
  return says ? static_cast<unsigned>(value(program.operations[0], Role::cpus).number) : 2;
}

// Every byte string is a program. Overwrites `program`, reusing its memory. Returns the number of
// bytes of its operations; operations beyond a limit are ignored, and so are their bytes.
size_t decode(std::span<const uint8_t> bytes, Program& program);
Program decode(std::span<const uint8_t> bytes);
// Whether bytes can hold the program: text has higher limits.
bool fits_bytes(const Program& program);
// The canonical bytes of a program that fits them; decode() restores the program.
std::vector<uint8_t> encode(const Program& program);
void encode(const Operation& operation, std::vector<uint8_t>& bytes);
// At most max_size bytes: drops operations that do not fit from the end.
std::vector<uint8_t> encode_within(const Program& program, size_t max_size);

// The text is not a program.
struct ParseError : std::runtime_error {
  ParseError(size_t line, const std::string& message) : std::runtime_error(message), line(line) {}
  size_t line;  // from 1
};

// Throws ParseError.
Program parse(std::string_view text);
std::string print(const Operation& operation);  // one line, without its end
std::string print(const Program& program);

}  // namespace program
