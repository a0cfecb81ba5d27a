// SPDX-License-Identifier: GPL-2.0-only
// Machines that boot Linux to make the calls of lists (call_list.h).
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <utility>

#include "engine/report.h"

namespace tool {

class Machine {
 public:
  virtual ~Machine() = default;
  // "debian:6.12 (6.12.117-1)", or the folder's path.
  virtual const std::string& title() const = 0;
  virtual const char* name() const = 0;  // "uml"
  // Limits on boots: for minimizing the program of a difference, and for confirming one kind of
  // memory misuse by letting Linux die of it.
  virtual unsigned boots_for_a_difference() const = 0;
  virtual unsigned boots_for_a_death() const = 0;
  // Builds the bootable files into a folder; others may build next to it. Throws Failure.
  virtual void build_replayer(const std::filesystem::path& folder) const = 0;
  // A shell command that boots the machine, makes the calls in one file and writes answers to
  // another until the kernel halts or dies.
  virtual std::string boot_command(const std::filesystem::path& folder, unsigned cpus,
                                   const std::filesystem::path& calls,
                                   const std::filesystem::path& answers) const = 0;
};

// A booted kernel that makes calls. Its time passes only while it is idle. It runs concurrently
// until end() or the end of this process.
class Boot {
 public:
  // Throws Failure if the process cannot start.
  explicit Boot(const std::string& command);
  Boot(Boot&& other)
      : process_(std::exchange(other.process_, 0)), console_(std::exchange(other.console_, -1)) {}
  ~Boot();
  // Waits for the end and returns the console output. An interrupt (support/interrupt.h) stops the
  // machine.
  std::string end();

 private:
  pid_t process_ = 0;  // 0: ended
  int console_ = -1;
  bool is_unwanted_ = false;
};

// The kernel's first complaint on the console, with some lines after it; "" for none.
std::string complaint(const std::string& console);
// Whether a stack on the console contains the report's function or its API call.
bool is_on_stack(const std::string& console, const engine::Report& report);

// The verdict of a booted kernel.
struct Confirmation {
  enum Verdict { same, other, nothing, no_answer } verdict;
  std::string words;  // the kernel's first complaint, or where its answers differ
};

}  // namespace tool
