// SPDX-License-Identifier: GPL-2.0-only
// HTML from untrusted text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tool/support/json.h"

namespace tool {

// Escapes text for use as content or as a quoted attribute: markup, quotes, control characters and
// bytes that are no UTF-8.
std::string escaped(std::string_view text);

// "12345678" becomes "12 345 678", which is clear in any language.
std::string grouped(uint64_t number);

// A string as it is, another value as JSON, null as "". The second form reads a member of an
// object; "" if there is none.
std::string text_of(const json& value);
std::string text_of(const json& object, const char* member);

// Name and value in a <dl>; "" if the value is empty. A field is not split by line breaks.
std::string row(const std::string& name, const std::string& html);
std::string field(const std::string& name, const std::string& html);

// An element with escaped text; kind: its class, or "".
std::string element(const std::string& name, const std::string& kind, std::string_view text);

}  // namespace tool
