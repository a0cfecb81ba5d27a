// SPDX-License-Identifier: GPL-2.0-only
// Text for users: suggestions for mistyped words, counts, line breaks, shell quoting.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tool {

// ": did you mean 'run'?" if one of the words is close to the typed one, else "".
std::string did_you_mean(const std::string& typed, const std::vector<std::string>& words);

// "unknown target 'iova_domian': did you mean 'iova_domain'?", or with the list of all words if
// none is close.
std::string unknown_word(const std::string& kind, const std::string& typed,
                         const std::vector<std::string>& words);

// "1 input", "2 inputs".
std::string counted(uint64_t count, const std::string& one);

// The lines of a text, without newlines.
std::vector<std::string> lines_of(const std::string& text);

// Wraps the words of the text into lines of at most that many columns, each with the indent in
// front and a newline at its end.
std::string in_lines(const std::string& text, size_t columns, const std::string& indent = "");

// Quotes a word for a shell, if it needs quotes.
std::string quoted(const std::string& word);

// Splits a line of words that quoted() made, and removes the quotes.
std::vector<std::string> unquoted(const std::string& line);

// How printed commands begin: the launcher that started this command (IOVAFUZZ_LAUNCHER), in quotes
// if it needs them, else "./iovafuzz".
std::string launcher();

}  // namespace tool
