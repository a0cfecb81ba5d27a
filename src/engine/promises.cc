// SPDX-License-Identifier: GPL-2.0-only
#include "engine/promises.h"

namespace engine {

std::span<const Promise> promises() {
  static constexpr Promise all[] = {
#define PROMISE(...) {__VA_ARGS__},
#include "engine/promises.inc"
#undef PROMISE
  };
  return all;
}

}  // namespace engine
