// SPDX-License-Identifier: GPL-2.0-only
// The build that this tool belongs to: where it is, and making more of it.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace triage {

std::filesystem::path source_folder();
std::filesystem::path build_folder();

struct CommandResult {
  int status;  // exit status, or 128 + signal
  std::string output;
};
// Runs a command to its end; its output is shown as it comes or kept, with or without what it
// writes on stderr.
CommandResult run_command(const std::vector<std::string>& words, bool show,
                          bool keep_errors = true);

// A file that one process at a time holds. Let go when the process ends, whatever ends it. What is
// to be said on stderr when another process holds it may be left out. Throws Failure.
class FileLock {
 public:
  explicit FileLock(const std::filesystem::path& path, const std::string& waiting = "");
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int file_;
};

// Builds targets of the build system, one process of this tool at a time; prepare is called first.
CommandResult try_build(const std::vector<std::string>& targets,
                        const std::function<void()>& prepare = [] {});
// The same; throws Failure with the compiler's words.
void build(const std::vector<std::string>& targets);

// Configures another preset with compilers of its own and builds targets of it ("all" for
// everything). Returns its folder. Throws Failure.
std::filesystem::path build_preset(const std::string& preset, const std::string& c_compiler,
                                   const std::string& cxx_compiler, const std::string& target);

enum class Engine { libfuzzer, aflpp };
const char* name(Engine engine);

// Builds targets for an engine under sanitizers, as -fsanitize= takes them ("" for none), with the
// variants that this build has. Returns the folder of their build: this one for libFuzzer under the
// sanitizers that this tool is built with. Throws Failure.
std::filesystem::path build_targets(Engine engine, const std::string& sanitizers,
                                    const std::vector<std::string>& targets);

}  // namespace triage
