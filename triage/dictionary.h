// SPDX-License-Identifier: GPL-2.0-only
// Dictionaries: the operations of a target as tokens for byte mutation.
#pragma once

#include <string>

#include "fuzz/target.h"

namespace triage {

std::string dictionary(const fuzz::Target& target);

}  // namespace triage
