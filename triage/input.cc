// SPDX-License-Identifier: GPL-2.0-only
#include "triage/input.h"

#include <fmt/format.h>

#include "triage/commands.h"
#include "triage/files.h"

namespace fs = std::filesystem;

namespace triage {

Input read_crash(const fs::path& path) {
  Input input{path, path.extension() == ".iova", read_file(path), {}};
  if (input.is_text) {
    try {
      input.program = program::parse(input.content);
    } catch (const program::ParseError& error) {
      throw Failure(fmt::format("{}:{}: {}", path.string(), error.line, error.what()));
    }
  } else {
    program::decode({reinterpret_cast<const uint8_t*>(input.content.data()), input.content.size()},
                    input.program);
  }
  return input;
}

Input read_input(const fs::path& path) {
  Input input = read_crash(path);
  if (input.content.empty())
    throw Failure(fmt::format("{}: is empty (0 bytes): was it cut off?", path.string()));
  return input;
}

}  // namespace triage
