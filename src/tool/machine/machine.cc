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
#include "tool/support/words.h"

namespace tool {

// What the command starts is in its group, and an interrupt is handed on to all of it.
Boot::Boot(const std::string& command) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC)) throw Failure(fmt::format("cannot make a pipe: {}", strerror(errno)));
  const std::string line = command + " 2>&1 </dev/null";
  process_ = fork_child(Group::own, SIGTERM);
  if (process_ == 0) {
    dup2(ends[1], STDOUT_FILENO);
    execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
    _exit(127);
  }
  close(ends[1]);
  console_ = ends[0];
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
    // Until it starts its program, the process has the handlers of this one, and would go on.
    if (is_unwanted_ || interrupted()) kill(-process_, SIGTERM);
    pollfd console{.fd = console_, .events = POLLIN, .revents = 0};
    if (poll(&console, 1, look_again) <= 0) continue;
    const ssize_t n = read(console_, bytes, sizeof bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    all.append(bytes, static_cast<size_t>(n));
  }
  close(console_);
  while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
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

bool is_on_stack(const std::string& console, const std::string& function) {
  return console.find(" " + function + "+0x") != console.npos;
}

}  // namespace tool
