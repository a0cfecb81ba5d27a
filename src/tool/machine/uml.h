// SPDX-License-Identifier: GPL-2.0-only
// Linux itself, booted as User Mode Linux: no root and no hardware needed. One kernel for each full
// tree, kept beside the builds, with KUnit, allocations that fail and what makes the calls of a
// list.
#pragma once

#include <stdio.h>

#include <filesystem>
#include <memory>
#include <string>

#include "tool/findings/kunit_source.h"
#include "tool/support/process.h"

namespace tool {

class UmlKernel {
 public:
  // debian:VERSION, or a folder with all of Linux, which is never written to: it is copied and
  // configured the first time. Slow steps are told on stderr. Throws Failure.
  explicit UmlKernel(const std::string& spec);

  // "debian:6.12 (6.12.117-1)", or the folder.
  const std::string& title() const { return title_; }
  // Builds the suite into the kernel and boots it: what it printed. Throws Failure.
  std::string run(const KunitSuite& suite) const;
  // What it boots from now on to make the calls of lists: a program beside which others may build.
  // Throws Failure.
  void build_replayer(const std::filesystem::path& program) const;

 private:
  FileLock lock() const;  // one process at a time builds it
  void lay_down(const std::string& spec) const;
  void lay_down_replayer() const;
  void configure() const;

  std::string title_;
  std::filesystem::path folder_;
};

// A boot of a replayer, which makes the calls of a list (call_list.h). Time passes in it only while
// it has nothing to do. Until the end is asked for, it runs beside this process.
class Boot {
 public:
  // Throws Failure if it cannot start.
  Boot(const std::filesystem::path& replayer, const std::filesystem::path& calls,
       const std::filesystem::path& answers);
  // What it printed.
  std::string end();

 private:
  std::unique_ptr<FILE, int (*)(FILE*)> console_;
};

// The kernel's first complaint in what it printed, with some lines behind it; "" for none.
std::string complaint(const std::string& console);

// What a booted kernel came to.
struct Confirmation {
  enum Verdict { same, other, nothing, no_answer } verdict;
  std::string words;  // the kernel's own, of what failed first
};
Confirmation confirmation(const KunitSuite& suite, const std::string& console);

}  // namespace tool
