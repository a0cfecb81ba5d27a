// SPDX-License-Identifier: GPL-2.0-only
// What the entry points of all targets share.
#pragma once

#include <string>
#include <vector>

namespace fuzz {

// Keys of findings to note and go past: the environment variable IOVAFUZZ_KNOWN names a file of
// them, one a line.
const std::vector<std::string>& known();
// Tells, once, that one of them was met.
void announce(const std::string& key);

}  // namespace fuzz
