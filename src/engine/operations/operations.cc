// SPDX-License-Identifier: GPL-2.0-only
#include "engine/operations/operations.h"

#include <algorithm>

#include "shim/footprint.h"

namespace engine::operations {

Execute function_of(OpCode code) {
  static constexpr Execute functions[] = {
#define OPERATION(identifier, ...) identifier,
#include "program/operations.inc"
#undef OPERATION
  };
  return functions[static_cast<size_t>(code)];
}

Range* pick(Slot& slot, bool oldest, bool (*wanted)(const Range&)) {
  shim::note_change(&slot);
  auto found = oldest ? std::find_if(slot.begin(), slot.end(), wanted) : slot.end();
  if (!oldest) {
    auto newest = std::find_if(slot.rbegin(), slot.rend(), wanted);
    if (newest != slot.rend()) found = std::prev(newest.base());
  }
  return found == slot.end() ? nullptr : &*found;
}

}  // namespace engine::operations
