// SPDX-License-Identifier: GPL-2.0-only
#include "engine/promises.h"

namespace engine {

std::span<const Promise> promises() {
  static constexpr Promise all[] = {
#define PROMISE(id, of, words, relied_on_by) {id, of, words, relied_on_by},
#include "engine/promises.inc"
#undef PROMISE
  };
  return all;
}

}  // namespace engine
