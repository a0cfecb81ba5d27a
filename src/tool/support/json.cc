// SPDX-License-Identifier: GPL-2.0-only
#include "tool/support/json.h"

#if NLOHMANN_JSON_VERSION_MAJOR == 3 && NLOHMANN_JSON_VERSION_MINOR <= 11
template nlohmann::json nlohmann::json::parse(const char*, const char*, parser_callback_t, bool,
                                              bool);
#endif

namespace tool {

json parse_json(std::string_view text) { return json::parse(text); }

json try_parse_json(std::string_view text) { return json::parse(text, nullptr, false); }

std::string to_text(const json& value) {
  return value.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string to_line(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace tool
