// SPDX-License-Identifier: GPL-2.0-only
// Inspects a fuzz target's binary without running it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace tool {

// Checks the first bytes.
bool is_elf(const std::filesystem::path& file);
bool is_elf(const std::string& content);
// ELF machine and class: "x86_64", or as numbers.
std::string architecture(const std::filesystem::path& binary);

// Folders that the loader searches before the system's: entries of RPATH and RUNPATH.
std::vector<std::string> library_folders(const std::filesystem::path& binary);

// All shared objects that the loader needs; "name: not found" if one is missing.
std::vector<std::string> libraries(const std::filesystem::path& binary);
// Whether OSS-Fuzz's runner image has it: the C library and the compiler's libraries.
bool is_of_base_system(const std::string& library);

// Number of calls to functions of "asan", "dfsan", "msan" and "ubsan", counted as OSS-Fuzz does.
std::map<std::string, uint64_t> sanitizer_calls(const std::filesystem::path& binary);

}  // namespace tool
