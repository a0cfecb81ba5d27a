// SPDX-License-Identifier: GPL-2.0-only
// Words that users type, and words that they can paste.
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

// Without their ends.
std::vector<std::string> lines_of(const std::string& text);

// The words of a text in lines of a width, each with its end.
std::string in_lines(const std::string& text, size_t columns);

// As a shell takes it back: in quotes if it needs them.
std::string quoted(const std::string& word);

// The words of such a line: what quoted() made, without its quotes.
std::vector<std::string> unquoted(const std::string& line);

// The launcher as this command was started by it (IOVAFUZZ_LAUNCHER), in quotes if it needs them:
// what printed commands begin with.
std::string launcher();

}  // namespace tool
