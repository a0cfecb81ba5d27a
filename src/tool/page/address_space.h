// SPDX-License-Identifier: GPL-2.0-only
// The pages of a domain before a call and after it, as rows of a map: who owns them, what stands
// for them in the tree, what is in magazines, and where these are at odds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tool/support/json.h"

namespace tool {

struct MapCell {
  // "free", "fits" (free, and a request was refused that fits), "owned", "reserved", "queued",
  // "cached", "granted", "returned", "rounded", "wrong"; "" where there is no such moment.
  std::string kind;
  std::string text;
  bool is_continued = false;       // the row above is of the same range
  std::vector<std::string> marks;  // "cached_node"
};

struct MapRow {
  uint64_t lo = 0, hi = 0;
  size_t parts = 1;  // ranges or gaps that look alike, as one row
  MapCell before, now;
  bool is_changed = false;
  std::string above;     // what the line above the row is: "limit_pfn"
  size_t rows_left = 0;  // in place of so many rows, in which nothing happens
};

// A domain at two moments (support/moment_json.h), the highest page first. before may be null;
// call: the one at hand into this domain, or null.
std::vector<MapRow> address_space(const json& before, const json& now, const json& call,
                                  bool was_quiet, bool is_quiet);

// "0x10..0x1f"; "0x10" for one page.
std::string pages(uint64_t lo, uint64_t hi);

}  // namespace tool
