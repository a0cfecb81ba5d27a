// SPDX-License-Identifier: GPL-2.0-only
// Builds variants on demand as shared objects and loads them into this process. The build folder
// lists all variants asked for in variants.cmake, one call of a CMake function
// (cmake/variants.cmake) per line.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fuzz/target.h"
#include "iova/variant.h"
#include "tool/support/build.h"

namespace tool {

struct ModuleVariant {
  std::string call;            // line of variants.cmake; its first argument is the variant's name;
                               // "" for a variant that every build has
  std::string target;          // build target of the shared object
  std::filesystem::path file;  // the shared object
};

// The shared object of that name, in the build's folder for that kind ("kernel", "port"). After
// measure_modules(true), which child processes inherit, modules are built to count coverage.
ModuleVariant made_module(std::string call, const std::string& what, const std::string& name);
void measure_modules(bool measure);

// Adds the variants to variants.cmake and builds all of them at once.
CommandResult try_build_modules(const std::vector<ModuleVariant>& variants);

// A fuzz target built with a variant; "variant" is the name that builds use (build_name()).
struct Binary {
  const fuzz::Target* target;
  std::string variant;
};

// Brings the binaries up to date; their variants must be built already. Returns the folder of that
// build (support/build.h). Throws Failure.
std::filesystem::path build_binaries(const std::vector<Binary>& binaries,
                                     Engine engine = Engine::libfuzzer,
                                     const std::string& sanitizers = tool::sanitizers());

// Loads a built shared object for the rest of the process and returns the address of the symbol.
// Throws Failure with the dynamic linker's message.
const void* load_module(const ModuleVariant& variant, const char* symbol);

}  // namespace tool
