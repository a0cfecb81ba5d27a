// SPDX-License-Identifier: GPL-2.0-only
// The engine's oracles, beside the shim's.
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

// The oracle's id in a finding's key, with which each begins.
std::string_view oracle_of(std::string_view key);

// The promise that its findings say is broken (engine/promises.inc), "caller" of what the harness
// owes, "kernel" of what the shim asks of all kernel code; "" of what the reference does otherwise.
std::string_view promise_of(std::string_view oracle_id);
// The views that it needs, by name: "nodes magazines", "all" for those of the models, "" for none.
std::string_view views_of(std::string_view oracle_id);
// Whether the key is of an oracle that says of no broken promise: a difference from the reference.
bool is_difference(std::string_view key);
// Whether one such key stands for all of its oracle: more of a model's is the same in other places.
// Of allocators that are compared, each operation may differ for a reason of its own.
bool stands_for_its_oracle(std::string_view key);
// Whether it is a mismatch of book-keeping, which every later look meets again: one finding,
// whatever operation shows it, so its key names none.
bool goes_on(const shim::Oracle& oracle);

}  // namespace engine
