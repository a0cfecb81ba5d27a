// SPDX-License-Identifier: GPL-2.0-only
// What lies beside a fuzz target for its engines, as text: the dictionary and the options. Strict,
// since engines drop in silence what they do not like.
#pragma once

#include <string>
#include <vector>

namespace tool {

struct DictionaryFile {
  size_t entries = 0;
  std::vector<std::string> mistakes;  // each begins with its line
};
DictionaryFile parse_dictionary(const std::string& text);

struct TargetOption {
  std::string section, key, value;
};
struct OptionsFile {
  std::vector<TargetOption> options;
  std::vector<std::string> mistakes;  // each begins with its line
};
OptionsFile parse_options(const std::string& text);

}  // namespace tool
