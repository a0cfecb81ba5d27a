// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <string_view>

// Returns a regular expression that matches only this text, for EXPECT_DEATH().
inline std::string literally(std::string_view text) {
  std::string regex;
  for (char c : text) {
    if (std::string_view(".[]{}()\\*+?^$|").find(c) != std::string_view::npos) regex += '\\';
    regex += c;
  }
  return regex;
}
