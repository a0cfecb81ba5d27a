// SPDX-License-Identifier: GPL-2.0-only
// fmt's library built from its headers: instantiates the functions that other files call.
#define FMT_HEADER_ONLY 1
#include <fmt/format.h>

#include <cstdio>
#include <string>

namespace {

[[gnu::used]] std::string (*const format)(fmt::string_view, fmt::format_args) = fmt::vformat;
[[gnu::used]] void (*const print)(std::FILE*, fmt::string_view, fmt::format_args) = fmt::vprint;

}  // namespace
