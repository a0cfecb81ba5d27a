// SPDX-License-Identifier: GPL-2.0-only
// Names of functions, read from the symbol table of their program or shared object. The names in
// sanitizer reports depend on sanitizer options and on an external symbolizer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace shim {

struct Symbol {
  std::string name;     // demangled, with parameters; "" where there is none
  std::string section;  // that contains it
};

// The function that contains the instruction.
Symbol symbol_of(uintptr_t instruction);
// Whether the function is the allocator's: the port's, or one of a kernel tree's, which the build
// puts into a section of their own, iova_text.
bool is_of_allocator(const Symbol& symbol);
// "port::v6_12::(anonymous namespace)::walk(int)" -> "walk", "walk.cold" -> "walk",
// "void tree<node<tag, 3u>, less>::walk<int>(int)" -> "walk"
std::string bare_name(std::string_view function);

}  // namespace shim
