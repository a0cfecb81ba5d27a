// SPDX-License-Identifier: GPL-2.0-only
// Exit statuses of commands, and the exception for a command that cannot be carried out.
#pragma once

#include <stdexcept>

namespace tool {

// One sentence for the user; the command ends with could_not.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline constexpr int nothing_new = 0, findings = 1, could_not = 2;

}  // namespace tool
