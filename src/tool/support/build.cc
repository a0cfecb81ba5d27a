// SPDX-License-Identifier: GPL-2.0-only
#include "tool/support/build.h"

#include <fmt/core.h>

#include <cstdlib>

#include "tool/support/failure.h"
#include "tool/support/files.h"

namespace fs = std::filesystem;

namespace tool {

fs::path source_folder() { return IOVAFUZZ_SOURCE_DIR; }
fs::path build_folder() { return IOVAFUZZ_BINARY_DIR; }
fs::path builds_folder() { return build_folder().parent_path(); }
std::string c_compiler() { return IOVAFUZZ_C_COMPILER; }
std::string cxx_compiler() { return IOVAFUZZ_CXX_COMPILER; }
std::string sanitizers() { return IOVAFUZZ_SANITIZE; }

namespace {

// The caller holds the lock of the folder.
CommandResult build_in(const fs::path& folder, const std::vector<std::string>& targets) {
  fs::path log = folder / "build.log";
  std::vector<std::string> words{"env", "IOVAFUZZ_CALLER_TELLS=1",
                                 (source_folder() / "cmake/build.sh").string(), folder.string(),
                                 log.string()};
  words.insert(words.end(), targets.begin(), targets.end());
  CommandResult result = run_command(words, true);
  if (result.status) result.output = read_file(log);
  return result;
}

void must_build_in(const fs::path& folder, const std::vector<std::string>& targets) {
  if (build_in(folder, targets).status)
    throw Failure(
        fmt::format("the build failed: the full log is {}", (folder / "build.log").string()));
}

FileLock lock_of(const fs::path& folder) {
  // Tests run in parallel and compare the output of commands.
  bool is_quiet = getenv("IOVAFUZZ_BUILT");
  return FileLock(
      folder / "lock",
      is_quiet ? "" : fmt::format("another iovafuzz is building in {}: waiting", folder.string()));
}

// Variables of the user's environment must not change how builds are configured.
void configure(std::vector<std::string> words) {
  words.insert(words.begin(), {"env", "-u", "CFLAGS", "-u", "CXXFLAGS", "-u", "LDFLAGS", "-u",
                               "LIB_FUZZING_ENGINE", "-u", "CMAKE_GENERATOR", "cmake"});
  CommandResult result = run_command(words, false);
  if (result.status) throw Failure(fmt::format("cannot configure the build:\n{}", result.output));
}

}  // namespace

CommandResult try_build(const std::vector<std::string>& targets,
                        const std::function<void()>& prepare) {
  FileLock lock = lock_of(build_folder());
  prepare();
  return build_in(build_folder(), targets);
}

void build(const std::vector<std::string>& targets) {
  FileLock lock = lock_of(build_folder());
  must_build_in(build_folder(), targets);
}

fs::path command_program(const std::string& name) {
  build({"command-" + name});
  return build_folder() / "commands" / ("iovafuzz-" + name);
}

fs::path build_preset(const std::string& preset, const std::string& c_compiler,
                      const std::string& cxx_compiler, const std::vector<std::string>& targets) {
  fs::path folder = builds_folder() / preset;
  make_folder(folder);
  FileLock lock = lock_of(folder);
  configure({"-S", source_folder().string(), "--preset", preset, "-B", folder.string(),
             "-DCMAKE_C_COMPILER=" + c_compiler, "-DCMAKE_CXX_COMPILER=" + cxx_compiler});
  must_build_in(folder, targets);
  return folder;
}

const char* name(Engine engine) { return engine == Engine::aflpp ? "aflpp" : "libfuzzer"; }

fs::path build_targets(Engine engine, const std::string& sanitizers,
                       const std::vector<std::string>& targets,
                       const std::function<void()>& prepare) {
  {
    FileLock lock = lock_of(build_folder());
    prepare();
    if (engine == Engine::libfuzzer && sanitizers == IOVAFUZZ_SANITIZE) {
      must_build_in(build_folder(), targets);
      return build_folder();
    }
    must_build_in(build_folder(), {"engine", "program"});  // they are the same for all engines
  }
  std::string folder_name = name(engine);
  if (sanitizers != IOVAFUZZ_SANITIZE)
    folder_name += "-" + (sanitizers.empty() ? "none" : sanitizers);
  fs::path folder = builds_folder() / folder_name;
  make_folder(folder);
  FileLock lock = lock_of(folder);
  bool is_afl = engine == Engine::aflpp;
  configure({"-S", source_folder().string(), "--preset", "targets", "-B", folder.string(),
             "-DCMAKE_C_COMPILER=" + (is_afl ? "afl-clang-fast" : c_compiler()),
             "-DCMAKE_CXX_COMPILER=" + (is_afl ? "afl-clang-fast++" : cxx_compiler()),
             std::string("-DIOVAFUZZ_ENGINE=") + (is_afl ? "-fsanitize=fuzzer" : ""),
             "-DIOVAFUZZ_SANITIZE=" + sanitizers, "-DIOVAFUZZ_HARNESS=" + build_folder().string(),
             "-DIOVAFUZZ_VARIANTS=" + (build_folder() / "variants.cmake").string()});
  must_build_in(folder, targets);
  return folder;
}

}  // namespace tool
