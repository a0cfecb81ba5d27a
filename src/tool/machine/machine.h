// SPDX-License-Identifier: GPL-2.0-only
// Linux itself, booted on a machine, to make the calls of lists (call_list.h).
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
  // "debian:6.12 (6.12.117-1)", or the folder.
  virtual const std::string& title() const = 0;
  virtual const char* name() const = 0;  // "uml"
  // How many boots it is worth to make the program of a difference small, and to see Linux die of
  // one kind of misuse.
  virtual unsigned boots_for_a_difference() const = 0;
  virtual unsigned boots_for_a_death() const = 0;
  // Puts what boots into a folder, beside which others may build. Throws Failure.
  virtual void build_replayer(const std::filesystem::path& folder) const = 0;
  // A shell's command that boots it, makes the calls of the file and writes the answers to another,
  // until it halts or dies.
  virtual std::string boot_command(const std::filesystem::path& folder, unsigned cpus,
                                   const std::filesystem::path& calls,
                                   const std::filesystem::path& answers) const = 0;
};

// A boot of a replayer. Time passes in it only while it has nothing to do. Until the end is asked
// for, it runs beside this process, and no longer than that lives.
class Boot {
 public:
  // Throws Failure if it cannot start.
  explicit Boot(const std::string& command);
  Boot(Boot&& other)
      : process_(std::exchange(other.process_, 0)), console_(std::exchange(other.console_, -1)) {}
  ~Boot();
  // What it printed. An interrupt (support/interrupt.h) ends the machine.
  std::string end();

 private:
  pid_t process_ = 0;  // 0: it has ended
  int console_ = -1;
  bool is_unwanted_ = false;
};

// The kernel's first complaint in what it printed, with some lines behind it; "" for none.
std::string complaint(const std::string& console);
// Whether a stack in it has the function that the report is of, or the call of the interface.
bool is_on_stack(const std::string& console, const engine::Report& report);

// What a booted kernel came to.
struct Confirmation {
  enum Verdict { same, other, nothing, no_answer } verdict;
  std::string words;  // the kernel's own, of what failed first; or where its answers are others
};

}  // namespace tool
