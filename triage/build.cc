// SPDX-License-Identifier: GPL-2.0-only
#include "triage/build.h"

#include <fmt/format.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "triage/commands.h"

namespace triage {

std::filesystem::path source_folder() { return IOVAFUZZ_SOURCE_DIR; }
std::filesystem::path build_folder() { return IOVAFUZZ_BINARY_DIR; }

CommandResult run_command(const std::vector<std::string>& words, bool show,
                          bool keep_errors) {
  int ends[2] = {-1, -1};
  // Other threads may start commands at the same time.
  if (!show && pipe2(ends, O_CLOEXEC))
    throw Failure(fmt::format("cannot make a pipe: {}", strerror(errno)));
  fflush(stdout);
  pid_t pid = fork();
  if (pid < 0) throw Failure(fmt::format("cannot start {}: {}", words[0], strerror(errno)));
  if (pid == 0) {
    if (!show) {
      dup2(ends[1], STDOUT_FILENO);
      if (keep_errors) dup2(ends[1], STDERR_FILENO);
      close(ends[0]);
    }
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    fmt::print(stderr, "cannot start {}: {}\n", words[0], strerror(errno));
    _exit(127);
  }
  CommandResult result{0, ""};
  if (!show) {
    close(ends[1]);
    char bytes[65536];
    ssize_t n;
    while ((n = read(ends[0], bytes, sizeof bytes)) > 0 || (n < 0 && errno == EINTR))
      if (n > 0) result.output.append(bytes, static_cast<size_t>(n));
    close(ends[0]);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

FileLock::FileLock(const std::filesystem::path& path, const std::string& waiting)
    : file_(open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0666)) {
  if (file_ < 0) throw Failure(fmt::format("{}: {}", path.string(), strerror(errno)));
  if (flock(file_, LOCK_EX | LOCK_NB) == 0) return;
  if (!waiting.empty()) fmt::print(stderr, "iovafuzz: {}\n", waiting);
  while (flock(file_, LOCK_EX) && errno == EINTR) {
  }
}

FileLock::~FileLock() { close(file_); }

namespace {

void must_build(const std::vector<std::string>& words) {
  CommandResult result = run_command(words, false);
  if (result.status) throw Failure(fmt::format("the build failed:\n{}", result.output));
}

}  // namespace

CommandResult try_build(const std::vector<std::string>& targets,
                        const std::function<void()>& prepare) {
  // Builds of one folder must not run side by side.
  FileLock lock(build_folder() / "lock");
  prepare();
  std::vector<std::string> words{"cmake", "--build", build_folder().string(), "--target"};
  words.insert(words.end(), targets.begin(), targets.end());
  return run_command(words, false);
}

void build(const std::vector<std::string>& targets) {
  CommandResult result = try_build(targets);
  if (result.status) throw Failure(fmt::format("the build failed:\n{}", result.output));
}

std::filesystem::path build_preset(const std::string& preset, const std::string& c_compiler,
                                   const std::string& cxx_compiler, const std::string& target) {
  std::filesystem::path folder = build_folder().parent_path() / preset;
  std::filesystem::create_directories(folder);
  FileLock lock(folder / "lock");
  must_build({"cmake", "-S", source_folder().string(), "--preset", preset,
              "-DCMAKE_C_COMPILER=" + c_compiler, "-DCMAKE_CXX_COMPILER=" + cxx_compiler});
  must_build({"cmake", "--build", folder.string(), "--target", target});
  return folder;
}

const char* name(Engine engine) { return engine == Engine::aflpp ? "aflpp" : "libfuzzer"; }

std::filesystem::path build_targets(Engine engine, const std::string& sanitizers,
                                    const std::vector<std::string>& targets) {
  if (engine == Engine::libfuzzer && sanitizers == IOVAFUZZ_SANITIZE) {
    build(targets);
    return build_folder();
  }
  std::string folder_name = name(engine);
  if (sanitizers != IOVAFUZZ_SANITIZE) folder_name += "-" + (sanitizers.empty() ? "none" : sanitizers);
  std::filesystem::path folder = build_folder().parent_path() / folder_name;
  std::filesystem::create_directories(folder);
  FileLock lock(folder / "lock");
  bool is_afl = engine == Engine::aflpp;
  must_build({"cmake", "-S", source_folder().string(), "--preset", "targets", "-B", folder.string(),
              std::string("-DCMAKE_C_COMPILER=") + (is_afl ? "afl-clang-fast" : IOVAFUZZ_C_COMPILER),
              std::string("-DCMAKE_CXX_COMPILER=") +
                  (is_afl ? "afl-clang-fast++" : IOVAFUZZ_CXX_COMPILER),
              std::string("-DIOVAFUZZ_ENGINE=") + (is_afl ? "-fsanitize=fuzzer" : ""),
              "-DIOVAFUZZ_SANITIZE=" + sanitizers,
              "-DIOVAFUZZ_VARIANTS=" + (build_folder() / "variants.cmake").string()});
  std::vector<std::string> words{"cmake", "--build", folder.string(), "--target"};
  words.insert(words.end(), targets.begin(), targets.end());
  must_build(words);
  return folder;
}

}  // namespace triage
