// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cctype>
#include <string>
#include <string_view>

// The regular expression that matches a text and nothing else, for EXPECT_DEATH().
inline std::string literally(std::string_view text) {
  std::string regex;
  for (char c : text) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != ' ' && c != '\n') regex += '\\';
    regex += c;
  }
  return regex;
}
