// SPDX-License-Identifier: GPL-2.0-only
// A seed as text: its license, its story, and its program, whose pauses say where they suspend.
#ifndef IOVAFUZZ_TOOL_CORPUS_SEED_TEXT_H
#define IOVAFUZZ_TOOL_CORPUS_SEED_TEXT_H

#include <string>
#include <vector>

#include "tool/replay/input.h"
#include "tool/replay/isolate.h"

namespace tool {

// Of each pause in the program, in order, where the operation behind it was suspended in that run,
// without the line of its file; "not reached" if it came to its end. A scheduling point is a count,
// which tells nobody where it leads, nor that it leads elsewhere since the code was changed.
std::vector<std::string> places_of_pauses(const program::Program& program, const Outcome& run);

// With the comments that a text has; the name is the story if there is no other.
std::string seed_text(const Input& input, const std::string& name, const std::string& story,
                      const std::vector<std::string>& places);

}  // namespace tool

#endif
