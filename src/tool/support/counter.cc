// SPDX-License-Identifier: GPL-2.0-only
#include "tool/support/counter.h"

#include <fmt/core.h>
#include <unistd.h>

namespace tool {

using std::chrono::steady_clock;

Counter::Counter(std::FILE* where, std::optional<std::chrono::seconds> elsewhere)
    : where_(where), is_terminal_(isatty(fileno(where))), elsewhere_(elsewhere),
      next_(steady_clock::now() + std::chrono::seconds(1)) {}

void Counter::show(const std::string& text) {
  const auto now = steady_clock::now();
  if (now < next_ || !(is_terminal_ || elsewhere_)) return;
  is_shown_ = is_terminal_;
  next_ = now + (is_terminal_ ? std::chrono::milliseconds(200) : *elsewhere_);
  fmt::print(where_, "{}{}{}", is_terminal_ ? "\r" : "", text, is_terminal_ ? "\x1b[K" : "\n");
  fflush(where_);
}

void Counter::clear() {
  if (is_shown_) fmt::print(where_, "\r\x1b[K");
  is_shown_ = false;
}

}  // namespace tool
