// SPDX-License-Identifier: GPL-2.0-only
// Observes a program's run on the shim and records its calls as a list with answers (call_list.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tool/machine/call_list.h"
#include "tool/replay/isolate.h"

namespace tool {

// The result of a run, parsed from the child's words.
struct Listed {
  CallList list;                             // without CallList::program
  std::optional<size_t> unsaid_at, dies_at;  // first operation that cannot be stated; operation
                                             // that dies
};
const Watcher& listing_watcher(const Abilities& abilities);
Listed listed(const std::string& words);

}  // namespace tool
