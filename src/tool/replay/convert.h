// SPDX-License-Identifier: GPL-2.0-only
// Programs from one form to the other, a file or whole folders.
#pragma once

#include <string>
#include <vector>

#include "tool/replay/input.h"

namespace tool {

// One file to stdout if out is empty; else each file below its folder to the same place below out,
// with the extension. What cannot be converted is told and the others are converted nevertheless.
// Returns the exit status. Throws Failure.
int convert(const std::vector<std::string>& paths, const std::string& out,
            std::string (*converted)(const Input&), const char* extension);

}  // namespace tool
