// SPDX-License-Identifier: GPL-2.0-only
// The build that this command belongs to: where it is, and making more of it. While something is
// built, cmake/build.sh tells the progress on stderr.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tool/support/process.h"

namespace tool {

std::filesystem::path source_folder();
std::filesystem::path build_folder();
// The folder with all builds: of other presets, other engines, kernel sources.
std::filesystem::path builds_folder();
// What this build is made with.
std::string c_compiler();
std::string cxx_compiler();
std::string sanitizers();  // as -fsanitize= takes them; "" for none

// Another command of this tool, up to date; name: "run" or "corpus-minimize". Throws Failure.
std::filesystem::path command_program(const std::string& name);

// Builds targets of the build system, one process of this tool at a time; prepare is called first.
CommandResult try_build(
    const std::vector<std::string>& targets, const std::function<void()>& prepare = [] {});
// The same; throws Failure with the compiler's words.
void build(const std::vector<std::string>& targets);

// Configures another preset with compilers of its own and builds targets of it. Returns its folder.
// Throws Failure.
std::filesystem::path build_preset(const std::string& preset, const std::string& c_compiler,
                                   const std::string& cxx_compiler,
                                   const std::vector<std::string>& targets);

enum class Engine { libfuzzer, aflpp };
const char* name(Engine engine);

// Builds targets for an engine under sanitizers, as -fsanitize= takes them ("" for none), with the
// variants that this build has. Returns the folder of their build: this one for libFuzzer under the
// sanitizers that this tool is built with; prepare is called first. Throws Failure.
std::filesystem::path build_targets(Engine engine, const std::string& sanitizers,
                                    const std::vector<std::string>& targets,
                                    const std::function<void()>& prepare);

}  // namespace tool
