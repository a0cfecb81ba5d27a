// SPDX-License-Identifier: GPL-2.0-only
// A kernel built from a full tree, kept beside the builds: the tree's own sources, a configuration
// of ours, and what makes the calls of a list.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tool/support/process.h"

namespace tool {

// For which machine.
struct KernelKind {
  const char* name;                  // of its folder's end; "" for the first there was
  const char* in_words;              // "User Mode Linux"
  const char* arch;                  // as make ARCH= takes it
  const char* config;                // make's target that completes the symbols: "olddefconfig"
  const char* target;                // make's again
  const char* program;               // the file that boots, which that makes
  std::vector<std::string> symbols;  // "KUNIT", or "HZ=100"
  std::vector<const char*> tools;    // beside those that every kernel is built with
};

class KernelBuild {
 public:
  // debian:VERSION, or a folder with all of Linux, which is never written to: it is copied and
  // configured the first time. Slow steps are told on stderr. Throws Failure.
  KernelBuild(const std::string& spec, const KernelKind& kind);

  // "debian:6.12 (6.12.117-1)", or the folder.
  const std::string& title() const { return title_; }

  // One process at a time builds it.
  FileLock lock() const;
  // Builds what boots, with that KUnit suite if the kind has KUnit, under lock(). Throws Failure.
  std::filesystem::path build() const;
  std::filesystem::path build(const std::string& suite) const;

 private:
  void lay_down(const std::string& spec) const;
  void lay_down_replay() const;
  void configure() const;
  std::string make() const;
  std::string wanted_symbols() const;

  KernelKind kind_;
  std::string title_;
  std::filesystem::path folder_;
};

}  // namespace tool
