// SPDX-License-Identifier: GPL-2.0-only
#include "tool/replay/input.h"

#include <fmt/core.h>

#include <algorithm>

#include "tool/support/failure.h"
#include "tool/support/files.h"

namespace fs = std::filesystem;

namespace tool {

namespace {

void read_program(Input& input) {
  if (!input.is_text) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(input.content.data());
    const size_t used = program::decode({bytes, input.content.size()}, input.program);
    input.ignored_bytes = input.content.size() - used;
    return;
  }
  try {
    input.program = program::parse(input.content);
  } catch (const program::ParseError& error) {
    throw Failure(fmt::format("{}:{}: {}", input.path.string(), error.line, error.what()));
  }
}

bool has_text_name(const fs::path& path) { return path.extension() == ".iova"; }

}  // namespace

Form form_of(const std::string& content) {
  bool is_printable = std::all_of(content.begin(), content.end(), [](unsigned char c) {
    return c >= ' ' ? c != 0x7f : c == '\n' || c == '\r' || c == '\t';
  });
  size_t at = content.find_first_not_of(" \t\r\n");
  if (!is_printable || at == std::string::npos) return Form::bytes;
  std::string line = content.substr(at, content.find_first_of("\r\n", at) - at);
  std::string word = line.substr(0, line.find_first_of(" \t#"));
  // Engines leave inputs of single letters; no comment is that short.
  constexpr size_t shortest = 8;
  bool is_comment = line.starts_with("#") && content.size() >= shortest;
  if (is_comment || program::find_operation(word)) return Form::text;
  return content.size() >= shortest ? Form::unclear : Form::bytes;
}

Input read_crash(const fs::path& path) {
  Input input{path, has_text_name(path), read_file(path), {}};
  read_program(input);
  return input;
}

Input read_input(const fs::path& path) {
  std::error_code error;
  uintmax_t size = fs::is_regular_file(path, error) ? fs::file_size(path, error) : 0;
  if (!error && size > largest_input)
    throw Failure(fmt::format("{}: is too large for a fuzz input: {} bytes", path.string(), size));
  Input input{path, has_text_name(path), read_file(path), {}};
  if (input.content.empty())
    throw Failure(fmt::format("{}: is empty (0 bytes): was it truncated?", path.string()));
  Form form = input.is_text ? Form::text : form_of(input.content);
  if (form == Form::unclear)
    fmt::print(stderr,
               "iovafuzz: {}: looks like text, but does not begin with an operation: "
               "reading it as bytes\n",
               path.string());
  input.is_text |= form == Form::text;
  read_program(input);
  return input;
}

std::string to_text(const Input& input) { return program::print(input.program); }

std::string to_bytes(const Input& input) {
  if (!fits_bytes(input.program))
    throw Failure(fmt::format(
        "{}: is too large for a fuzz input: the limits are {} per count and {} calls in total",
        input.path.string(), program::max_count, program::max_calls));
  auto bytes = program::encode(input.program);
  return {bytes.begin(), bytes.end()};
}

}  // namespace tool
