// SPDX-License-Identifier: GPL-2.0-only
// JSON. The library's templates take more time to compile than most code that uses them: unused
// parts are disabled, and the largest template is compiled once, in json.cc.
#pragma once

#define JSON_HAS_EXPERIMENTAL_FILESYSTEM 0
#define JSON_HAS_FILESYSTEM 0
#define JSON_HAS_RANGES 0
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

// The library's own literals would instantiate this template in every file.
#if NLOHMANN_JSON_VERSION_MAJOR == 3 && NLOHMANN_JSON_VERSION_MINOR <= 11
extern template nlohmann::json nlohmann::json::parse(const char*, const char*, parser_callback_t,
                                                     bool, bool);
#endif

namespace tool {

using nlohmann::json;

// Throws nlohmann::json::exception.
json parse_json(std::string_view text);

// If the text is not JSON, the result is_discarded().
json try_parse_json(std::string_view text);

// Indented; invalid UTF-8 is replaced.
std::string to_text(const json& value);

// On one line.
std::string to_line(const json& value);

}  // namespace tool
