// SPDX-License-Identifier: GPL-2.0-only
// Finds fuzz targets by name.
#pragma once

#include <string>
#include <vector>

#include "fuzz/target.h"

namespace tool {

// Returns NULL if there is none.
const fuzz::Target* target_named(const std::string& name);
// Throws Failure with the nearest name, or all of them.
const fuzz::Target& find_target(const std::string& name);
std::vector<std::string> target_names();

}  // namespace tool
