// SPDX-License-Identifier: GPL-2.0-only
#include "engine/oracles.h"

namespace engine {

std::span<const shim::Oracle* const> oracles() {
  static constexpr const shim::Oracle* all[] = {
#define ORACLE(identifier, id, rule, recoverable, severity, promise, views, ...) \
  &oracle::identifier,
#include "engine/oracles.inc"
#undef ORACLE
  };
  return all;
}

std::string_view promise_of(std::string_view oracle_id) {
#define ORACLE(identifier, id, rule, recoverable, severity, promise, views, ...) \
  if (oracle_id == id) return promise;
#include "engine/oracles.inc"
#undef ORACLE
  return "kernel";
}

std::string_view views_of(std::string_view oracle_id) {
#define ORACLE(identifier, id, rule, recoverable, severity, promise, views, ...) \
  if (oracle_id == id) return views;
#include "engine/oracles.inc"
#undef ORACLE
  return "";
}

std::string_view oracle_of(std::string_view key) { return key.substr(0, key.find(':')); }

bool is_difference(std::string_view key) { return promise_of(oracle_of(key)).empty(); }

bool stands_for_its_oracle(std::string_view key) {
  return is_difference(key) && oracle_of(key) != oracle::variants_differ.id;
}

bool goes_on(const shim::Oracle& oracle) {
#define ORACLE(identifier, id, rule, recoverable, severity, promise, views, ...) \
  if (&oracle == &oracle::identifier) return *#__VA_ARGS__;
#include "engine/oracles.inc"
#undef ORACLE
  return false;
}

}  // namespace engine
