// SPDX-License-Identifier: GPL-2.0-only
#include "triage/preflight/target_files.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <set>
#include <sstream>
#include <string_view>

namespace tool {
namespace {

constexpr size_t max_entry = 64;  // bytes; libFuzzer ignores longer entries

std::string_view trim(std::string_view text) {
  constexpr const char blanks[] = " \t\r";
  size_t begin = text.find_first_not_of(blanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return isalnum(c) || c == '_'; });
}

bool is_hex(char c) { return isxdigit(static_cast<unsigned char>(c)); }

// The mistake in an entry's optional name, `word` or `word@level`.
std::string mistake_in_name(std::string_view name) {
  if (name.empty()) return "";
  if (name.back() != '=') return "an entry must be name=\"value\"";
  name.remove_suffix(1);
  name = trim(name);
  std::string_view level = "0";
  if (size_t at = name.find('@'); at != name.npos) {
    level = name.substr(at + 1);
    name = name.substr(0, at);
  }
  if (!is_word(name)) return "a name may have only letters, digits and _";
  if (level.empty() || level.find_first_not_of("0123456789") != level.npos)
    return "a level must be a number";
  return "";
}

// The mistake in the text between the quotes.
std::string mistake_in_value(std::string_view value) {
  size_t bytes = 0;
  for (size_t i = 0; i < value.size(); i++, bytes++) {
    unsigned char c = static_cast<unsigned char>(value[i]);
    if (c < 0x20 || c > 0x7e) return "a byte that is not printable ASCII";
    if (c == '"') return "a quote without backslash";
    if (c != '\\') continue;
    std::string_view rest = value.substr(i + 1);
    if (!rest.empty() && (rest[0] == '\\' || rest[0] == '"')) {
      i++;
    } else if (rest.size() >= 3 && rest[0] == 'x' && is_hex(rest[1]) && is_hex(rest[2])) {
      i += 3;
    } else {
      return R"(a backslash must be followed by \, " or xHH)";
    }
  }
  if (bytes == 0) return "an empty value";
  if (bytes > max_entry) return fmt::format("a value of more than {} bytes", max_entry);
  return "";
}

std::string mistake_in_entry(std::string_view line) {
  size_t begin = line.find('"');
  if (begin == line.npos) return "no value in quotes";
  if (std::string mistake = mistake_in_name(trim(line.substr(0, begin))); !mistake.empty())
    return mistake;
  if (begin + 1 == line.size() || line.back() != '"') return "no quote at the end";
  std::string_view value = line.substr(begin + 1, line.size() - begin - 2);
  size_t backslashes = value.size() - (value.find_last_not_of('\\') + 1);
  if (backslashes % 2) return "no quote at the end";
  return mistake_in_value(value);
}

// Sections that ClusterFuzz or OSS-Fuzz's runner reads.
constexpr std::array sections{"libfuzzer", "asan", "msan",      "ubsan",    "hwasan",
                              "env",       "AFL",  "honggfuzz", "centipede"};

}  // namespace

DictionaryFile parse_dictionary(const std::string& text) {
  DictionaryFile file;
  std::istringstream lines(text);
  std::string line;
  for (size_t number = 1; std::getline(lines, line); number++) {
    std::string_view entry = trim(line);
    if (entry.empty() || entry[0] == '#') continue;
    file.entries++;
    if (std::string mistake = mistake_in_entry(entry); !mistake.empty())
      file.mistakes.push_back(fmt::format("line {}: {}", number, mistake));
  }
  return file;
}

OptionsFile parse_options(const std::string& text) {
  OptionsFile file;
  std::set<std::string> seen;
  std::istringstream lines(text);
  std::string line, section;
  for (size_t number = 1; std::getline(lines, line); number++) {
    auto mistake = [&](const std::string& what) {
      file.mistakes.push_back(fmt::format("line {}: {}", number, what));
    };
    std::string_view content = trim(line);
    if (content.empty() || content[0] == '#' || content[0] == ';') continue;
    if (content[0] == '[') {
      section = std::string(content.substr(1, content.size() - 2));
      if (content.back() != ']' ||
          std::find(sections.begin(), sections.end(), section) == sections.end())
        mistake(fmt::format("unknown section: {}", content));
      if (!seen.insert(section + "]").second) mistake("a repeated section");
      continue;
    }
    size_t equals = content.find('=');
    if (section.empty()) {
      mistake("an option before the first section");
    } else if (equals == content.npos) {
      mistake("an option must be key = value");
    } else {
      TargetOption option{section, std::string(trim(content.substr(0, equals))),
                          std::string(trim(content.substr(equals + 1)))};
      if (!is_word(option.key) || option.value.empty()) mistake("an option must be key = value");
      if (!seen.insert(section + "]" + option.key).second)
        mistake(fmt::format("{} is repeated", option.key));
      file.options.push_back(std::move(option));
    }
  }
  if (file.options.empty() && file.mistakes.empty()) file.mistakes.push_back("line 1: no option");
  return file;
}

}  // namespace tool
