// SPDX-License-Identifier: GPL-2.0-only
// Text of any origin in a page.
#pragma once

#include <string>
#include <string_view>

namespace tool {

// As text or the value of an attribute in quotes: markup, quotes, control characters and bytes that
// are no UTF-8 mean nothing there.
std::string escaped(std::string_view text);

// An element with text.
std::string element(const std::string& name, const std::string& kind, std::string_view text);

}  // namespace tool
