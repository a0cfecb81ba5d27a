// SPDX-License-Identifier: GPL-2.0-only
// What a fuzz target's binary is made of, without running it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace tool {

// By its first bytes.
bool is_elf(const std::filesystem::path& file);
bool is_elf(const std::string& content);
// ELF machine and class: "x86_64", or in numbers.
std::string architecture(const std::filesystem::path& binary);

// Where the loader looks before the system's folders: RPATH and RUNPATH, entry by entry.
std::vector<std::string> library_folders(const std::filesystem::path& binary);

// Shared objects that it is loaded with, all of them; "name: not found" for those that are missing.
std::vector<std::string> libraries(const std::filesystem::path& binary);
// Whether an image for running fuzzers has it: the C library and the compiler's own.
bool is_of_base_system(const std::string& library);

// Calls of the functions of "asan", "dfsan", "msan" and "ubsan", as OSS-Fuzz counts them.
std::map<std::string, uint64_t> sanitizer_calls(const std::filesystem::path& binary);

}  // namespace tool
