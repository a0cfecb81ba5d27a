// SPDX-License-Identifier: GPL-2.0-only
// Checks on any input that the two forms of programs agree.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "program/program.h"
#include "shim/finding.h"

namespace program {

namespace oracle {
#define ORACLE(identifier, id, rule, recoverable, severity) \
  inline constexpr shim::Oracle identifier{id, rule, recoverable, shim::Severity::severity};
#include "program/oracles.inc"
#undef ORACLE
}  // namespace oracle

// All oracles on forms, in the order of oracles.inc.
std::span<const shim::Oracle* const> oracles();

// The four conversions between the forms; tests replace them by broken ones.
struct Forms {
  std::function<Program(std::span<const uint8_t>)> decode;
  std::function<std::vector<uint8_t>(const Program&)> encode;
  std::function<Program(std::string_view)> parse;
  std::function<std::string(const Program&)> print;
};
const Forms& real_forms();

struct Violation {
  const shim::Oracle* oracle;
  const char* function;   // the conversion at fault
  std::string operation;  // the first operation that changes, or "end" or "text"
  std::string values;
};

// Checks the input as bytes, which always are a program, and as text, which may be one.
std::vector<Violation> check_forms(std::span<const uint8_t> input,
                                   const Forms& forms = real_forms());

}  // namespace program
