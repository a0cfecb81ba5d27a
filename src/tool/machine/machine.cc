// SPDX-License-Identifier: GPL-2.0-only
#include "tool/machine/machine.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "tool/support/failure.h"
#include "tool/support/interrupt.h"
#include "tool/support/process.h"
#include "tool/support/report_text.h"
#include "tool/support/words.h"

namespace tool {

// The command runs in its own process group, and an interrupt goes to the whole group.
Boot::Boot(const std::string& command) {
  Pipe pipe;
  const std::string line = command + " 2>&1 </dev/null";
  const auto become_shell = [&] {
    dup2(pipe.write_end(), STDOUT_FILENO);
    execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
    return 127;
  };
  process_ = run_child(become_shell, Group::own, SIGTERM);
  console_ = pipe.keep_read_end();
}

Boot::~Boot() {
  if (!process_) return;
  is_unwanted_ = true;
  end();
}

std::string Boot::end() {
  constexpr int look_again = 100;  // ms
  std::string all;
  char bytes[4096];
  for (;;) {
    // Repeats the signal: before exec, the child still has this process's handlers and would
    // survive.
    if (is_unwanted_ || interrupted()) kill(-process_, SIGTERM);
    pollfd console{.fd = console_, .events = POLLIN, .revents = 0};
    if (poll(&console, 1, look_again) <= 0) continue;
    const ssize_t n = read(console_, bytes, sizeof bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    all.append(bytes, static_cast<size_t>(n));
  }
  close(console_);
  wait_for(process_);
  process_ = 0;
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

bool is_on_stack(const std::string& console, const engine::Report& report) {
  for (const std::string& function : {report.call, bare_function(report.function)})
    if (!function.empty() && console.find(" " + function + "+0x") != console.npos) return true;
  return false;
}

}  // namespace tool
