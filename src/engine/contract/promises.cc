// SPDX-License-Identifier: GPL-2.0-only
#include "engine/contract/promises.h"

namespace engine::contract {

std::span<const Promise> promises() {
  static constexpr Promise all[] = {
#define PROMISE(id, of, words, relied_on_by) {id, of, words, relied_on_by},
#include "engine/contract/promises.inc"
#undef PROMISE
  };
  return all;
}

}  // namespace engine::contract
