// SPDX-License-Identifier: GPL-2.0-only
// Maps a domain's pages before and after a call into rows: who owns them, their nodes in the tree,
// the magazines that have them, and where these disagree.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tool/support/json.h"

namespace tool {

struct MapCell {
  // "free", "fits" (free, although a request that fits there was refused), "owned", "reserved",
  // "queued", "cached", "granted", "returned", "rounded", "wrong"; "" if the domain does not exist
  // at that moment.
  std::string kind;
  std::string text;
  bool is_continued = false;       // the row above is part of the same range
  std::vector<std::string> marks;  // "cached_node"
};

struct MapRow {
  uint64_t lo = 0, hi = 0;
  size_t parts = 1;  // number of similar ranges or gaps that this row stands for
  MapCell before, now;
  bool is_changed = false;
  std::string above;     // label of a line above the row: "limit_pfn"
  size_t rows_left = 0;  // if not 0, the row stands for so many rows without changes
};

// The rows for a domain at two moments (support/moment_json.h), the highest page first. before may
// be null. call: the current call into this domain, or null.
std::vector<MapRow> address_space(const json& before, const json& now, const json& call,
                                  bool was_quiet, bool is_quiet);

// "0x10..0x1f"; "0x10" for one page.
std::string pages(uint64_t lo, uint64_t hi);

}  // namespace tool
