// SPDX-License-Identifier: GPL-2.0-only
// Runs other programs, starts child processes, and locks files between processes of this tool.
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
// Runs a command to its end. Its stdout is shown as it comes, or kept; keep_errors keeps stderr as
// well. Status 127 means that the program cannot be started. Throws Failure if no process can be
// created.
CommandResult run_command(const std::vector<std::string>& words, bool show,
                          bool keep_errors = true);
// Returns the command's stdout. Throws Failure with that output if the command fails.
std::string must_run(const std::vector<std::string>& words);

// The words as become() takes them. They must outlive it.
std::vector<char*> arguments_of(const std::vector<std::string>& words);
// Becomes that program, in a child that has been forked. Returns 127, with a line on stderr, if it
// cannot be started. Allocates no memory.
int become(const std::vector<char*>& arguments);

// Process group of a child. With "own", a terminal's Ctrl-C reaches this process alone.
enum class Group { ours, own };
// Runs body in a forked child, which gets the signal at_our_end when this process dies. Its exit
// status is the result of body; if body throws, could_not, with a line on stderr. Throws Failure.
pid_t run_child(const std::function<int()>& body, Group group = Group::ours,
                int at_our_end = SIGKILL);
// Waits for the child to end. Returns its status as waitpid() does.
int wait_for(pid_t child);

// A pipe to a forked child; exec closes it. Throws Failure.
class Pipe {
 public:
  Pipe();
  ~Pipe();
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  // Closes the write end and hands the read end to the caller, who closes it.
  int keep_read_end();

 private:
  int ends_[2];
};

// Writes the whole text. Returns 0, or the errno of the write that failed.
int write_all(int file, std::string_view text);
// Writes the whole text to stdout. Ignores a closed pipe or terminal, where nobody reads it.
void put(const std::string& text);
// A sentence that says why output to stdout was lost; "" if all was written or nobody reads it.
std::string lost_output();

// A lock file that one process at a time holds; the end of the process releases it. The text
// "waiting" is printed on stderr if another process holds the lock; "" for none. Throws Failure.
class FileLock {
 public:
  explicit FileLock(const std::filesystem::path& path, const std::string& waiting = "");
  ~FileLock();
  // Returns NULL if another process holds it.
  static std::unique_ptr<FileLock> try_to_hold(const std::filesystem::path& path);
  // Takes a shared lock.
  static std::unique_ptr<FileLock> share(const std::filesystem::path& path);
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  // Whether a process holds it.
  static bool is_held(const std::filesystem::path& path);
  // Whether a process holds or shares it, this one included.
  static bool is_in_use(const std::filesystem::path& path);

 private:
  FileLock(const std::filesystem::path& path, int file) : path_(path), file_(file) {}
  // Returns false if another process holds it or a signal arrived.
  bool take(int how);

  std::filesystem::path path_;
  int file_;
};

}  // namespace tool
