// SPDX-License-Identifier: GPL-2.0-only
#include "tool/page/html.h"

#include <fmt/core.h>

namespace tool {
namespace {

// Length in bytes of the UTF-8 character at the begin of the text; 0 if it is invalid.
size_t length_of_character(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const size_t length = first < 0x80   ? 1
                        : first < 0xc2 ? 0
                        : first < 0xe0 ? 2
                        : first < 0xf0 ? 3
                        : first < 0xf5 ? 4
                                       : 0;
  if (length > text.size()) return 0;
  for (size_t i = 1; i < length; i++)
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
  if (length < 3) return length;
  const auto second = static_cast<unsigned char>(text[1]);
  const bool is_overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool is_beyond = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
  return is_overlong || is_beyond ? 0 : length;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    const size_t length = length_of_character(text.substr(i));
    const bool is_control = length == 1 && (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) &&
                            c != '\n' && c != '\t';
    if (c == '&') {
      result += "&amp;";
    } else if (c == '<') {
      result += "&lt;";
    } else if (c == '>') {
      result += "&gt;";
    } else if (c == '"') {
      result += "&quot;";
    } else if (c == '\'') {
      result += "&#39;";
    } else if (!length || is_control) {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      result += text.substr(i, length);
    }
    i += length ? length : 1;
  }
  return result;
}

std::string element(const std::string& name, const std::string& kind, std::string_view text) {
  return kind.empty() ? fmt::format("<{}>{}</{}>", name, escaped(text), name)
                      : fmt::format("<{} class=\"{}\">{}</{}>", name, kind, escaped(text), name);
}

std::string grouped(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t at = digits.size(); at > 3;) digits.insert(at -= 3, " ");
  return digits;
}

std::string text_of(const json& value) {
  if (value.is_string()) return value;
  return value.is_null() ? "" : value.dump();
}

std::string text_of(const json& object, const char* member) {
  return object.is_object() && object.contains(member) ? text_of(object[member]) : "";
}

std::string row(const std::string& name, const std::string& html) {
  return html.empty() ? "" : fmt::format("<dt>{}</dt><dd>{}</dd>", escaped(name), html);
}

std::string field(const std::string& name, const std::string& html) {
  return html.empty() ? "" : "<div>" + row(name, html) + "</div>";
}

}  // namespace tool
