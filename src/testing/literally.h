// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <string>
#include <string_view>

// The regular expression that matches a text and nothing else, for EXPECT_DEATH().
inline std::string literally(std::string_view text) {
  std::string regex;
  for (char c : text) {
    if (std::string_view(".[]{}()\\*+?^$|").find(c) != std::string_view::npos) regex += '\\';
    regex += c;
  }
  return regex;
}
