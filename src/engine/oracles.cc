// SPDX-License-Identifier: GPL-2.0-only
#include "engine/oracles.h"

namespace engine {

std::span<const shim::Oracle* const> oracles() {
  static constexpr const shim::Oracle* all[] = {
#define ORACLE(identifier, id, rule, recoverable, severity) &oracle::identifier,
#include "engine/oracles.inc"
#undef ORACLE
  };
  return all;
}

}  // namespace engine
