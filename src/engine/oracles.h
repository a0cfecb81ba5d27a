// SPDX-License-Identifier: GPL-2.0-only
// The engine's oracles, beside the shim's.
#pragma once

#include <span>

#include "shim/finding.h"

namespace engine {

namespace oracle {
#define ORACLE(identifier, id, rule, recoverable, severity) \
  inline constexpr shim::Oracle identifier{id, rule, recoverable, shim::Severity::severity};
#include "engine/oracles.inc"
#undef ORACLE
}  // namespace oracle

// All oracles of the engine, in the order of oracles.inc.
std::span<const shim::Oracle* const> oracles();

}  // namespace engine
