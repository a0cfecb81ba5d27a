// SPDX-License-Identifier: GPL-2.0-only
// Other programs, run to their end, and locks between processes of this tool.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

struct CommandResult {
  int status;  // exit status, or 128 + signal
  std::string output;
};
// Runs a command to its end; its output is shown as it comes or kept, with or without what it
// writes on stderr. Status 127, and output that says so, if there is no such program. Throws
// Failure if there is no room for a process.
CommandResult run_command(const std::vector<std::string>& words, bool show,
                          bool keep_errors = true);
// What it writes on stdout. Throws Failure with all it wrote if it fails.
std::string must_run(const std::vector<std::string>& words);

// Of its own: a terminal's Ctrl-C reaches this process alone.
enum class Group { ours, own };
// Runs body in a copy of this process, which that signal ends with it. Its exit status is what body
// returns; could_not, with a line on stderr, for what body throws. Throws Failure.
pid_t run_child(const std::function<int()>& body, Group group = Group::ours,
                int at_our_end = SIGKILL);
// Once the child has ended: its status, as waitpid() tells it.
int wait_for(pid_t child);

// Not for programs that are started. Throws Failure.
class Pipe {
 public:
  Pipe();
  ~Pipe();
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  // It is the caller's to close from now on; the write end is closed.
  int keep_read_end();

 private:
  int ends_[2];
};

// Writes all of a text. Returns 0, or the errno for which the rest is not written.
int write_all(int file, std::string_view text);
// Writes all of a text to stdout. Says nothing where nobody reads it: a closed pipe or terminal.
void put(const std::string& text);
// Why some of what went to stdout so far is lost, a sentence; "" if all was written, or nobody
// reads it.
std::string lost_output();

// A file that one process at a time holds. Let go when the process ends, whatever ends it. What is
// to be said on stderr when another process holds it may be left out. Throws Failure.
class FileLock {
 public:
  explicit FileLock(const std::filesystem::path& path, const std::string& waiting = "");
  ~FileLock();
  // NULL where another process holds it.
  static std::unique_ptr<FileLock> try_to_hold(const std::filesystem::path& path);
  // Together with others that share it.
  static std::unique_ptr<FileLock> share(const std::filesystem::path& path);
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  // Whether a process holds it.
  static bool is_held(const std::filesystem::path& path);
  // Whether a process holds or shares it, this one included.
  static bool is_in_use(const std::filesystem::path& path);

 private:
  FileLock(const std::filesystem::path& path, int file) : path_(path), file_(file) {}
  // False where another process holds it, or a signal came.
  bool take(int how);

  std::filesystem::path path_;
  int file_;
};

}  // namespace tool
