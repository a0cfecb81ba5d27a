// SPDX-License-Identifier: GPL-2.0-only
// Parses the dictionary and options beside a fuzz target. Strict, since engines silently ignore
// entries that they do not accept.
#pragma once

#include <string>
#include <vector>

namespace tool {

struct DictionaryFile {
  size_t entries = 0;
  std::vector<std::string> mistakes;  // each begins with its line number
};
DictionaryFile parse_dictionary(const std::string& text);

struct TargetOption {
  std::string section, key, value;
};
struct OptionsFile {
  std::vector<TargetOption> options;
  std::vector<std::string> mistakes;  // each begins with its line number
};
OptionsFile parse_options(const std::string& text);

}  // namespace tool
