// SPDX-License-Identifier: GPL-2.0-only
// How a command ends: its exit status, and the sentence for what cannot be done.
#pragma once

#include <stdexcept>

namespace tool {

// One sentence for the user; the command ends with could_not.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline constexpr int nothing_new = 0, findings = 1, could_not = 2;

}  // namespace tool
