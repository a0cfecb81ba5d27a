// SPDX-License-Identifier: GPL-2.0-only
// A progress line for a command that takes long.
#pragma once

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>

namespace tool {

// On a terminal, shows one line from the first second on; clear() erases it. Elsewhere, prints a
// new line at the interval "elsewhere", or nothing without one.
class Counter {
 public:
  explicit Counter(std::FILE* where, std::optional<std::chrono::seconds> elsewhere = {});
  void show(const std::string& text);
  void clear();

 private:
  std::FILE* where_;
  const bool is_terminal_;
  const std::optional<std::chrono::seconds> elsewhere_;
  bool is_shown_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace tool
