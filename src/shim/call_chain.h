// SPDX-License-Identifier: GPL-2.0-only
// Who called whom inside the allocator, read from the stack.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shim {

struct CallSite {
  std::string function;
  std::string where;  // file:line of the call; "" until somebody has looked it up
  // By which that is looked up: the program or shared object, and the offset in it.
  std::string module;
  uint64_t offset = 0;
  uintptr_t instruction = 0;  // 0: in another process
};

// The allocator's functions on this stack, the innermost first; none if it did not call.
std::vector<CallSite> call_chain();
// A sanitizer's symbolizer, if there is one: "file:line" of an instruction, or "".
bool has_symbolizer();
std::string line_of(uintptr_t instruction);

}  // namespace shim
