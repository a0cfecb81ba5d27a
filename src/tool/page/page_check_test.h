// SPDX-License-Identifier: GPL-2.0-only
// Helpers for tests: JSON lists, and a check that a page is well-formed XML, except for the raw
// text of style and script.
#pragma once

#include <cctype>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tool/support/json.h"

namespace tool {

// Some compilers take {json} with a single element for a copy.
template <class... Values>
json list(Values&&... values) {
  json all = json::array();
  (all.push_back(std::forward<Values>(values)), ...);
  return all;
}

// The first error, with the text around it; "" if there is none.
inline std::string flaw_of_page(const std::string& page) {
  auto flaw = [&](size_t at, const std::string& what) {
    return what + ": " + page.substr(at < 60 ? 0 : at - 60, 120);
  };
  static const std::regex entity("&(amp|lt|gt|quot|#39);");
  std::vector<std::string> open;
  for (size_t at = 0; at < page.size();) {
    const char c = page[at];
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t')
      return flaw(at, "control character");
    if (c == '&' && !std::regex_search(page.begin() + static_cast<ptrdiff_t>(at), page.end(),
                                       entity, std::regex_constants::match_continuous))
      return flaw(at, "bare &");
    if (c == '>') return flaw(at, "bare >");
    if (c != '<') {
      at++;
      continue;
    }
    if (page.compare(at, 15, "<!DOCTYPE html>") == 0) {
      at += 15;
      continue;
    }
    const bool closes = page[at + 1] == '/';
    size_t end = at + 1 + closes;
    std::string name;
    while (end < page.size() && std::isalnum(static_cast<unsigned char>(page[end])))
      name += page[end++];
    if (name.empty()) return flaw(at, "no element");
    std::set<std::string> attributes;
    while (end < page.size() && std::isspace(static_cast<unsigned char>(page[end]))) {
      end++;
      std::string attribute;
      while (end < page.size() &&
             (std::isalnum(static_cast<unsigned char>(page[end])) || page[end] == '-'))
        attribute += page[end++];
      if (!attributes.insert(attribute).second || attribute.empty()) return flaw(at, "attributes");
      if (page.compare(end, 2, "=\"")) {
        if (attribute == "open") continue;  // it has no value
        return flaw(at, "an attribute without quotes");
      }
      const size_t quote = page.find('"', end + 2);
      if (quote == page.npos) return flaw(at, "an attribute without an end");
      if (page.substr(end, quote - end).find('<') != page.npos)
        return flaw(at, "< in an attribute");
      end = quote + 1;
    }
    const bool is_empty = !page.compare(end, 2, "/>");
    if (is_empty) end++;
    if (end >= page.size() || page[end] != '>') return flaw(at, "a tag without an end");
    at = end + 1;
    if (closes) {
      if (open.empty() || open.back() != name) return flaw(end, "</" + name + "> of nothing");
      open.pop_back();
      continue;
    }
    if (is_empty) continue;
    open.push_back(name);
    if (name == "style" || name == "script") {
      at = page.find("</" + name, at);
      if (at == page.npos) return "no end of " + name;
    }
  }
  return open.empty() ? "" : "no end of " + open.back();
}

}  // namespace tool
