// SPDX-License-Identifier: GPL-2.0-only
#include "tool/support/words.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <sstream>
#include <utility>

namespace tool {
namespace {

// Edit distance: letters to insert, drop, replace or swap.
size_t distance(const std::string& a, const std::string& b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); i++) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); j++) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::string did_you_mean(const std::string& typed, const std::vector<std::string>& words) {
  const std::string* nearest = nullptr;
  size_t least = std::max<size_t>(1, typed.size() / 3) + 1;
  for (const std::string& word : words) {
    // A prefix of three letters or more is close, however long the rest is.
    size_t far = typed.size() >= 3 && word.starts_with(typed) ? 1 : distance(typed, word);
    if (far >= least) continue;
    least = far;
    nearest = &word;
  }
  return nearest ? ": did you mean '" + *nearest + "'?" : "";
}

std::string unknown_word(const std::string& kind, const std::string& typed,
                         const std::vector<std::string>& words) {
  std::string text = "unknown " + kind + " '" + typed + "'";
  if (std::string near = did_you_mean(typed, words); !near.empty()) return text + near;
  text += ": choose from ";
  for (const std::string& word : words) text += (&word == &words[0] ? "" : ", ") + word;
  return text;
}

std::string counted(uint64_t count, const std::string& one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string in_lines(const std::string& text, size_t columns, const std::string& indent) {
  std::istringstream words(text);
  std::string result, line = indent;
  for (std::string word; words >> word;) {
    if (line.size() > indent.size() && line.size() + 1 + word.size() > columns) {
      result += line + "\n";
      line = indent;
    }
    line += (line.size() == indent.size() ? "" : " ") + word;
  }
  return result + line + "\n";
}

std::string quoted(const std::string& word) {
  bool is_plain = !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isalnum(c) || c >= 0x80 ||
           std::string_view("_-+=:,./@%").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (is_plain) return word;
  std::string text = "'";
  for (char c : word) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

std::vector<std::string> unquoted(const std::string& line) {
  std::vector<std::string> words;
  bool inside = false, in_quotes = false;
  for (size_t i = 0; i < line.size(); i++) {
    char c = line[i];
    if (!in_quotes && c == ' ') {
      inside = false;
      continue;
    }
    if (!std::exchange(inside, true)) words.emplace_back();
    if (c == '\'')
      in_quotes = !in_quotes;
    else if (c == '\\' && !in_quotes && i + 1 < line.size())
      words.back() += line[++i];
    else
      words.back() += c;
  }
  return words;
}

std::string launcher() {
  const char* name = getenv("IOVAFUZZ_LAUNCHER");
  return name ? quoted(name) : "./iovafuzz";
}

}  // namespace tool
