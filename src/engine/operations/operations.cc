// SPDX-License-Identifier: GPL-2.0-only
#include "engine/operations/operations.h"

#include <algorithm>

namespace engine::operations {

Execute function_of(OpCode code) {
  static constexpr Execute functions[] = {
#define OPERATION(identifier, ...) identifier,
#include "program/operations.inc"
#undef OPERATION
  };
  return functions[static_cast<size_t>(code)];
}

uint64_t resolve(const Domain& domain, const program::Value& pfn) {
  auto reach = [&](unsigned bits) {
    unsigned shift = bits - static_cast<unsigned>(domain.granule_shift);
    return shift >= 64 ? 0 : uint64_t{1} << shift;
  };
  switch (static_cast<program::Base>(pfn.base)) {
    case program::Base::absolute: return pfn.number;
    case program::Base::start: return domain.start_pfn + pfn.number;
    case program::Base::dma24: return reach(24) + pfn.number;
    case program::Base::dma30: return reach(30) + pfn.number;
    case program::Base::dma31: return reach(31) + pfn.number;
    case program::Base::dma32: return reach(32) + pfn.number;
    case program::Base::dma48: return reach(48) + pfn.number;
    case program::Base::dma64: return reach(64) + pfn.number;
  }
  return pfn.number;
}

Range* pick(Slot& slot, bool oldest, bool (*wanted)(const Range&)) {
  auto found = oldest ? std::find_if(slot.begin(), slot.end(), wanted) : slot.end();
  if (!oldest) {
    auto newest = std::find_if(slot.rbegin(), slot.rend(), wanted);
    if (newest != slot.rend()) found = std::prev(newest.base());
  }
  return found == slot.end() ? nullptr : &*found;
}

}  // namespace engine::operations
