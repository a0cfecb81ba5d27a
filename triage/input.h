// SPDX-License-Identifier: GPL-2.0-only
// Programs from files: text (*.iova) or bytes (anything else, as fuzzing engines leave them).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

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
// The files themselves, and all files in the folders among them, those in order of name. Throws
// Failure.
std::vector<std::filesystem::path> expand(const std::vector<std::string>& paths);

std::string read_file(const std::filesystem::path& path);
// Whole or not at all: written beside and renamed.
void write_file(const std::filesystem::path& path, std::string_view content);
void make_folder(const std::filesystem::path& path);

}  // namespace triage
