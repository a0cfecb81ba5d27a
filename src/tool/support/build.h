// SPDX-License-Identifier: GPL-2.0-only
// The build that this command belongs to: its folders and compilers, and functions that build
// further targets. During a build, cmake/build.sh prints the progress on stderr.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tool/support/process.h"

namespace tool {

std::filesystem::path source_folder();
std::filesystem::path build_folder();
// The parent of build_folder(): has the builds of other presets and engines, and kernel sources.
std::filesystem::path builds_folder();
// The compilers and sanitizers of this build.
std::string c_compiler();
std::string cxx_compiler();
std::string sanitizers();  // value of -fsanitize=; "" for none

// Builds another command of this tool and returns its program; name: "run" or "corpus-minimize".
// Throws Failure.
std::filesystem::path command_program(const std::string& name);

// Builds targets of the build system. Processes of this tool take turns; prepare runs first, under
// the lock.
CommandResult try_build(
    const std::vector<std::string>& targets, const std::function<void()>& prepare = [] {});
// Likewise; throws Failure that names the build log.
void build(const std::vector<std::string>& targets);

// Configures another preset with the given compilers and builds targets of it. Returns its folder.
// Throws Failure.
std::filesystem::path build_preset(const std::string& preset, const std::string& c_compiler,
                                   const std::string& cxx_compiler,
                                   const std::vector<std::string>& targets);

enum class Engine { libfuzzer, aflpp };
const char* name(Engine engine);

// Builds fuzz targets for an engine under sanitizers (value of -fsanitize=; "" for none), with the
// variants that this build has; prepare runs first. Returns the folder of that build:
// build_folder() for libFuzzer under this build's own sanitizers. Throws Failure.
std::filesystem::path build_targets(Engine engine, const std::string& sanitizers,
                                    const std::vector<std::string>& targets,
                                    const std::function<void()>& prepare);

}  // namespace tool
