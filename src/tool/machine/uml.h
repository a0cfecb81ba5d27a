// SPDX-License-Identifier: GPL-2.0-only
// Linux itself, booted as User Mode Linux: no root and no hardware needed. One kernel for each full
// tree, kept beside the builds, with KUnit and allocations that fail.
#pragma once

#include <filesystem>
#include <string>

#include "tool/findings/kunit_source.h"

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

 private:
  void lay_down(const std::string& spec) const;
  void configure() const;

  std::string title_;
  std::filesystem::path folder_;
};

// What a booted kernel came to.
struct Confirmation {
  enum Verdict { same, other, nothing, no_answer } verdict;
  std::string words;  // the kernel's own, of what failed first
};
Confirmation confirmation(const KunitSuite& suite, const std::string& console);

}  // namespace tool
