// SPDX-License-Identifier: GPL-2.0-only
// Programs from files: text (*.iova) or bytes (anything else, as fuzzing engines leave them).
#pragma once

#include <filesystem>
#include <string>

#include "program/program.h"

namespace triage {

struct Input {
  std::filesystem::path path;
  bool is_text;
  std::string content;
  program::Program program;
};

// Throws Failure: unreadable, empty, or no program, with file and line.
Input read_input(const std::filesystem::path& path);
// The same of what an engine may have mutilated: an empty one is the empty program.
Input read_crash(const std::filesystem::path& path);

}  // namespace triage
