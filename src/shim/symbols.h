// SPDX-License-Identifier: GPL-2.0-only
// Names of functions, read from the symbol table of the program or shared object that they are in.
// What sanitizers know of them hangs on their options, and on a symbolizer beside the program.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace shim {

struct Symbol {
  std::string name;     // demangled, with parameters; "" where there is none
  std::string section;  // that it stands in
};

// Of the function with the instruction.
Symbol symbol_of(uintptr_t instruction);
// The allocator's own: the port's, or of a tree's iova.c, which the build keeps in a section of its
// own.
bool is_of_allocator(const Symbol& symbol);
// "port::v6_12::(anonymous namespace)::walk(int)" -> "walk", "walk.cold" -> "walk",
// "void tree<node<tag, 3u>, less>::walk<int>(int)" -> "walk"
std::string bare_name(std::string_view function);

}  // namespace shim
