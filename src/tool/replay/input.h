// SPDX-License-Identifier: GPL-2.0-only
// Reads programs from files: text (*.iova) or bytes (as fuzzing engines write them).
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
  size_t ignored_bytes = 0;  // they follow an operation at which the run's limits are reached
};

// Larger than the inputs of any engine.
inline constexpr uintmax_t largest_input = 16 << 20;  // bytes

// Guesses whether the content of a file not named *.iova is a program's text.
enum class Form { text, bytes, unclear };
Form form_of(const std::string& content);

// Throws Failure, with file and line, if the file is unreadable, empty, too large or no program.
// Text is recognized under any name; if that is unclear, a message on stderr says that the file is
// read as bytes.
Input read_input(const std::filesystem::path& path);
// Reads an input that an engine left: bytes unless the name ends with ".iova". An empty file is the
// empty program.
Input read_crash(const std::filesystem::path& path);

// The input's program as text.
std::string to_text(const Input& input);
// The canonical bytes of an input's program. Throws Failure if it exceeds the limits of that form.
std::string to_bytes(const Input& input);

}  // namespace tool
