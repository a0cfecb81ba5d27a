// SPDX-License-Identifier: GPL-2.0-only
// A line that counts while a command works.
#pragma once

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>

namespace tool {

// On a terminal one line, from the first second on, which is gone once the counter is cleared. Not
// there: a line at a time, as far apart as asked for, or nothing.
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
