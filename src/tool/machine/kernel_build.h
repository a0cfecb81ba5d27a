// SPDX-License-Identifier: GPL-2.0-only
// Builds a kernel from a full source tree, in the builds folder: the tree's own sources, our
// configuration, and the module that makes the calls of a list.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tool/support/process.h"

namespace tool {

// The kind of machine that the kernel is for.
struct KernelKind {
  const char* name;                  // suffix of the build's folder; "" for User Mode Linux
  const char* in_words;              // "User Mode Linux"
  const char* arch;                  // for make ARCH=
  const char* config;                // make target that completes the configuration: "olddefconfig"
  const char* target;                // make target that builds the kernel
  const char* program;               // bootable file that the build creates
  std::vector<std::string> symbols;  // Kconfig symbols: "KUNIT", or "HZ=100"
  std::vector<const char*> tools;    // in addition to those that every kernel build needs
};

class KernelBuild {
 public:
  // debian:VERSION or a folder with all of Linux, which is copied and never written to. Copied and
  // configured on first use. Prints slow steps on stderr. Throws Failure.
  KernelBuild(const std::string& spec, const KernelKind& kind);

  // "debian:6.12 (6.12.117-1)", or the folder's path.
  const std::string& title() const { return title_; }

  // Only one process at a time may build.
  FileLock lock() const;
  // Builds the bootable file under lock(), with the KUnit suite if the kind has KUnit. Throws
  // Failure.
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
