// SPDX-License-Identifier: GPL-2.0-only
#include "tool/machine/machine.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "tool/support/failure.h"
#include "tool/support/words.h"

namespace tool {

Boot::Boot(const std::string& command)
    : console_(popen((command + " 2>&1 </dev/null").c_str(), "r"), pclose) {
  if (!console_) throw Failure(fmt::format("cannot start {}", command));
}

std::string Boot::end() {
  std::string all;
  char bytes[4096];
  while (size_t n = fread(bytes, 1, sizeof bytes, console_.get())) all.append(bytes, n);
  console_.reset();
  return all;
}

std::string complaint(const std::string& console) {
  constexpr ptrdiff_t most_words = 24;  // lines
  const std::vector<std::string> lines = lines_of(console);
  const auto first = std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
    for (const char* sign : {"EXPECTATION FAILED", "ASSERTION FAILED", "BUG:", "Kernel panic",
                             "WARNING:", "kernel BUG at", "Oops:", "Segfault"})
      if (line.find(sign) != line.npos) return true;
    return false;
  });
  std::string words;
  for (auto line = first; line != lines.end() && line - first < most_words; ++line)
    words += *line + "\n";
  return words;
}

bool is_on_stack(const std::string& console, const std::string& function) {
  return console.find(" " + function + "+0x") != console.npos;
}

}  // namespace tool
