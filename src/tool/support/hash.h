// SPDX-License-Identifier: GPL-2.0-only
// The one hash of the tool: names for contents, the same on every machine and in every version.
#pragma once

#include <string>
#include <string_view>

namespace tool {

// 16 hexadecimal digits (FNV-1a, 64 bits).
std::string content_hash(std::string_view content);

}  // namespace tool
