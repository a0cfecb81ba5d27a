// SPDX-License-Identifier: GPL-2.0-only
#include "engine/printing.h"

#include <fmt/core.h>

#include <cstring>

namespace engine {

std::string print_range(uint64_t lo, uint64_t hi) {
  return lo == hi ? fmt::format("{:#x}", lo) : fmt::format("{:#x}..{:#x}", lo, hi);
}

std::string print_error(int error) {
  const char* name = error < 0 ? strerrorname_np(-error) : nullptr;
  return name ? fmt::format("-{}", name) : fmt::format("{}", error);
}

}  // namespace engine
