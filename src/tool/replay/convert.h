// SPDX-License-Identifier: GPL-2.0-only
// Converts programs between text and bytes, single files or whole folders.
#pragma once

#include <string>
#include <vector>

#include "tool/replay/input.h"

namespace tool {

// If out is empty, converts one file to stdout; else writes each file, with the extension, to the
// same place below out. Reports files that cannot be converted and continues with the others.
// Returns the exit status. Throws Failure.
int convert(const std::vector<std::string>& paths, const std::string& out,
            std::string (*converted)(const Input&), const char* extension);

}  // namespace tool
