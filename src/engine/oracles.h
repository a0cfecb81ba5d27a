// SPDX-License-Identifier: GPL-2.0-only
// The engine's oracles; the shim has its own.
#pragma once

#include <span>
#include <string_view>

#include "shim/finding.h"

namespace engine {

namespace oracle {
#define ORACLE(identifier, id, rule, recoverable, severity, promise, views, ...) \
  inline constexpr shim::Oracle identifier{id, rule, recoverable, shim::Severity::severity};
#include "engine/oracles.inc"
#undef ORACLE
}  // namespace oracle

// All oracles of the engine, in the order of oracles.inc.
std::span<const shim::Oracle* const> oracles();

// The oracle's id, with which a finding's key begins.
std::string_view oracle_of(std::string_view key);

// The promise that a finding of this oracle breaks (engine/promises.inc); "caller" for the
// harness's duties, "kernel" for the shim's rules for kernel code; "" for a difference from the
// reference.
std::string_view promise_of(std::string_view oracle_id);
// The views that the oracle needs, by name: "nodes magazines", "all" for those of the models, ""
// for none.
std::string_view views_of(std::string_view oracle_id);
// Whether the key's oracle breaks no promise: a difference from the reference.
bool is_difference(std::string_view key);
// Whether one difference under such a key stands for all of its oracle: a model that has left the
// variant's way differs from then on. In allocators that are compared, each operation may differ
// for a reason of its own.
bool stands_for_its_oracle(std::string_view key);
// Whether the oracle finds a mismatch of book-keeping, which persists until the run ends. It is one
// finding whichever operation shows it, so its key names none.
bool goes_on(const shim::Oracle& oracle);

}  // namespace engine
