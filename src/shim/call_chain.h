// SPDX-License-Identifier: GPL-2.0-only
// The chain of calls inside the allocator, read from the stack.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shim {

struct CallSite {
  std::string function;
  std::string where;  // file:line of the call; "" until it is looked up
  // Where to look it up: path of the program or shared object, and the offset in it.
  std::string module;
  uint64_t offset = 0;
  uintptr_t instruction = 0;  // 0: the call was made in another process
};

// The allocator's functions on the current stack, innermost first; empty if there are none.
std::vector<CallSite> call_chain();
// Whether a sanitizer's symbolizer is linked in. With it, line_of() returns "file:line" of an
// instruction; "" if unknown.
bool has_symbolizer();
std::string line_of(uintptr_t instruction);

}  // namespace shim
