// SPDX-License-Identifier: GPL-2.0-only
// Variants that are built only if asked for, as shared objects that are loaded into this process.
// The build folder keeps the list of all that it was asked for: variants.cmake, a call of a CMake
// function (src/CMakeLists.txt) a line.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fuzz/target.h"
#include "iova/variant.h"
#include "tool/support/build.h"

namespace tool {

struct ModuleVariant {
  std::string call;            // of the CMake function; its first argument is the variant's name;
                               // "" for a variant that each build has
  std::string target;          // of the build, that makes the shared object
  std::filesystem::path file;  // the shared object
};

// The shared object of that name, in the build's folder of that name. A process that is run to see
// what it reaches has measure_modules() in its environment, and gets those that count that.
ModuleVariant made_module(std::string call, const std::string& what, const std::string& name);
void measure_modules(bool measure);

// Lists them, and builds what is not up to date, all in one go.
CommandResult try_build_modules(const std::vector<ModuleVariant>& variants);

// What an engine runs: a target on a variant, by the name that the variant has in builds
// (build_name()).
struct Binary {
  const fuzz::Target* target;
  std::string variant;
};

// Brings them up to date; the variants must be built. Returns the folder of that build
// (support/build.h). Throws Failure.
std::filesystem::path build_binaries(const std::vector<Binary>& binaries,
                                     Engine engine = Engine::libfuzzer,
                                     const std::string& sanitizers = tool::sanitizers());

// Loads the shared object that was built; it stays. The address of the symbol. Throws Failure with
// the words of the dynamic linker.
const void* load_module(const ModuleVariant& variant, const char* symbol);

}  // namespace tool
