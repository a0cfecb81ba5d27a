// SPDX-License-Identifier: GPL-2.0-only
#include "tool/support/process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>

#include "tool/support/failure.h"
#include "tool/support/interrupt.h"

namespace tool {

static int lost_for = 0;  // errno of the first write to stdout that failed

// EPIPE, EIO: the pipe or terminal is closed, so nobody reads the output.
static bool is_unread(int error) { return error == EPIPE || error == EIO; }

static void flush_output() {
  if (fflush(stdout) && !is_unread(errno) && !lost_for) lost_for = errno;
}

std::vector<char*> arguments_of(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  return arguments;
}

int become(const std::vector<char*>& arguments) {
  execvp(arguments[0], arguments.data());
  dprintf(STDERR_FILENO, "cannot start %s: %s\n", arguments[0], strerror(errno));
  return 127;
}

CommandResult run_command(const std::vector<std::string>& words, bool show, bool keep_errors) {
  std::optional<Pipe> pipe;
  if (!show) pipe.emplace();
  // Other threads may start commands at the same time or hold the heap's lock, so nothing is
  // allocated between fork() and exec.
  const std::vector<char*> arguments = arguments_of(words);
  flush_output();
  pid_t pid = fork();
  if (pid < 0) throw Failure(fmt::format("cannot start {}: {}", words[0], strerror(errno)));
  if (pid == 0) {
    if (pipe) {
      dup2(pipe->write_end(), STDOUT_FILENO);
      if (keep_errors) dup2(pipe->write_end(), STDERR_FILENO);
    }
    _exit(become(arguments));
  }
  // A terminal's Ctrl-C reaches the child as well; a signal sent to this process alone does not, so
  // it is forwarded as SIGTERM.
  auto is_interrupted = [&] {
    const bool is = errno == EINTR;
    if (is && interrupted()) kill(pid, SIGTERM);
    return is;
  };
  CommandResult result{0, ""};
  if (pipe) {
    const int output = pipe->keep_read_end();
    char bytes[65536];
    ssize_t n;
    while ((n = read(output, bytes, sizeof bytes)) > 0 || (n < 0 && is_interrupted()))
      if (n > 0) result.output.append(bytes, static_cast<size_t>(n));
    close(output);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && is_interrupted()) {
  }
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

// Returns -1 and sets errno if the file cannot be opened.
static int try_to_open_lock(const std::filesystem::path& path, int how) {
  // On NFS, an exclusive lock needs a file that is open for writing.
  int file = open(path.c_str(), O_RDWR | O_CLOEXEC | how, 0666);
  const int error = errno;
  if (file < 0 && (error == EACCES || error == EROFS))
    file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  errno = error;
  return file;
}

static int open_lock(const std::filesystem::path& path) {
  const int file = try_to_open_lock(path, O_CREAT);
  if (file < 0) throw Failure(fmt::format("{}: {}", path.string(), strerror(errno)));
  return file;
}

bool FileLock::take(int how) {
  if (flock(file_, how) == 0) return true;
  if (errno == EWOULDBLOCK || errno == EINTR) return false;
  throw Failure(fmt::format("{}: cannot be locked: {}", path_.string(), strerror(errno)));
}

std::unique_ptr<FileLock> FileLock::try_to_hold(const std::filesystem::path& path) {
  std::unique_ptr<FileLock> lock(new FileLock(path, open_lock(path)));
  return lock->take(LOCK_EX | LOCK_NB) ? std::move(lock) : nullptr;
}

std::unique_ptr<FileLock> FileLock::share(const std::filesystem::path& path) {
  std::unique_ptr<FileLock> lock(new FileLock(path, open_lock(path)));
  while (!lock->take(LOCK_SH))
    if (interrupted()) throw Failure("interrupted");
  return lock;
}

FileLock::FileLock(const std::filesystem::path& path, const std::string& waiting)
    : FileLock(path, open_lock(path)) {
  if (take(LOCK_EX | LOCK_NB)) return;
  if (!waiting.empty()) fmt::print(stderr, "iovafuzz: {}\n", waiting);
  while (!take(LOCK_EX))
    if (interrupted()) throw Failure("interrupted");
}

FileLock::~FileLock() { close(file_); }

// Whether another lock on the file prevents this kind of lock.
static bool is_refused(const std::filesystem::path& path, int how) {
  const int file = try_to_open_lock(path, 0);
  if (file < 0) return false;
  const bool is_refused = flock(file, how | LOCK_NB) && errno == EWOULDBLOCK;
  close(file);
  return is_refused;
}

bool FileLock::is_held(const std::filesystem::path& path) { return is_refused(path, LOCK_SH); }
bool FileLock::is_in_use(const std::filesystem::path& path) { return is_refused(path, LOCK_EX); }

pid_t run_child(const std::function<int()>& body, Group group, int at_our_end) {
  // The child would write buffered output a second time.
  flush_output();
  fflush(stderr);
  const pid_t parent = getpid(), pid = fork();
  if (pid < 0) throw Failure(fmt::format("cannot start a process: {}", strerror(errno)));
  // Both processes set the group, so it holds whichever runs first.
  if (group == Group::own) setpgid(pid, pid);
  if (pid) return pid;
  prctl(PR_SET_PDEATHSIG, at_our_end);
  if (getppid() != parent) _exit(127);  // the parent died before prctl()
  // An exception must not leave the child: it would unwind the parent's frames.
  int status = could_not;
  try {
    status = body();
  } catch (const std::exception& failure) {
    dprintf(STDERR_FILENO, "%s\n", failure.what());
  } catch (...) {
  }
  flush_output();
  _exit(status);
}

int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

Pipe::Pipe() {
  if (pipe2(ends_, O_CLOEXEC))
    throw Failure(fmt::format("cannot create a pipe: {}", strerror(errno)));
}

Pipe::~Pipe() {
  for (const int end : ends_)
    if (end >= 0) close(end);
}

int Pipe::keep_read_end() {
  close(std::exchange(ends_[1], -1));
  return std::exchange(ends_[0], -1);
}

int write_all(int file, std::string_view text) {
  while (!text.empty()) {
    ssize_t n = write(file, text.data(), text.size());
    if (n < 0 && errno != EINTR) return errno;
    if (n > 0) text.remove_prefix(static_cast<size_t>(n));
  }
  return 0;
}

void put(const std::string& text) {
  flush_output();
  const int error = write_all(STDOUT_FILENO, text);
  if (error && !is_unread(error) && !lost_for) lost_for = error;
}

std::string lost_output() {
  flush_output();
  return lost_for ? fmt::format("cannot write the output: {}", strerror(lost_for)) : "";
}

std::string must_run(const std::vector<std::string>& words) {
  CommandResult result = run_command(words, false, false);
  if (result.status) throw Failure(fmt::format("{} failed:\n{}", words[0], result.output));
  return result.output;
}

}  // namespace tool
