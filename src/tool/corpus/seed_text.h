// SPDX-License-Identifier: GPL-2.0-only
// Writes a seed as text: license, story, and the program, with the place where each pause suspends.
#pragma once

#include <string>
#include <vector>

#include "tool/replay/input.h"
#include "tool/replay/isolate.h"

namespace tool {

// For each pause in the program, in order: where the operation after it was suspended in that run,
// without the file's line; "not reached" if it ran to its end. The point in a pause is only a
// count: it does not show where it leads, nor that code changes have moved it.
std::vector<std::string> places_of_pauses(const program::Program& program, const Outcome& run);

// The text of a seed. Keeps the comments of a text input; without a story or comments, the story is
// made from the name.
std::string seed_text(const Input& input, const std::string& name, const std::string& story,
                      const std::vector<std::string>& places);

}  // namespace tool
