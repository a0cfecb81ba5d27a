// SPDX-License-Identifier: GPL-2.0-only
// Text of any origin in a page.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tool/support/json.h"

namespace tool {

// As text or the value of an attribute in quotes: markup, quotes, control characters and bytes that
// are no UTF-8 mean nothing there.
std::string escaped(std::string_view text);

// "12345678" -> "12 345 678", which reads in any language.
std::string grouped(uint64_t number);

// A text, or a value as JSON; "" of null. Of an object: a member's, or "".
std::string text_of(const json& value);
std::string text_of(const json& object, const char* member);

// Name and value of a <dl>; "" without a value. A field is one that stays together where lines
// break.
std::string row(const std::string& name, const std::string& html);
std::string field(const std::string& name, const std::string& html);

// An element with text.
std::string element(const std::string& name, const std::string& kind, std::string_view text);

}  // namespace tool
