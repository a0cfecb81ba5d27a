// SPDX-License-Identifier: GPL-2.0-only
// Programs from files: text (*.iova) or bytes (what fuzzing engines leave).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "program/program.h"

namespace tool {

struct Input {
  std::filesystem::path path;
  bool is_text;
  std::string content;
  program::Program program;
};

// Longer than any engine makes them.
inline constexpr uintmax_t largest_input = 16 << 20;  // bytes

// Whether the bytes of a file without ".iova" were meant as a program's text.
enum class Form { text, bytes, unclear };
Form form_of(const std::string& content);

// Throws Failure: unreadable, empty, too large, or no program, with file and line. A text that has
// another name is recognized; where that is unclear, stderr says that it is read as bytes.
Input read_input(const std::filesystem::path& path);
// The same of what an engine left, which is bytes unless its name ends with ".iova"; an empty one
// is the empty program.
Input read_crash(const std::filesystem::path& path);

// As text.
std::string to_text(const Input& input);
// The canonical bytes of an input's program. Throws Failure: it is beyond the limits of bytes.
std::string to_bytes(const Input& input);

}  // namespace tool
