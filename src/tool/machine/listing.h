// SPDX-License-Identifier: GPL-2.0-only
// Where a program runs on the shim: the list of its calls, and what came of each (call_list.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tool/machine/call_list.h"
#include "tool/replay/isolate.h"

namespace tool {

// What a run came to, as its child tells it.
struct Listed {
  CallList list;                             // without the program
  std::optional<size_t> unsaid_at, dies_at;  // operations: the first that cannot be said
};
const Watcher& listing_watcher(const Abilities& abilities);
Listed listed(const std::string& words);

}  // namespace tool
