// SPDX-License-Identifier: GPL-2.0-only
// Where two strands of a program meet, as guidance for engines: the same branches in another
// interleaving are another behaviour. In targets with INTERLEAVES only.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "fuzz/harness/extra_counters.h"
#include "shim/context.h"

namespace {

// By name and line: the same in every process.
uint64_t hash(const shim_site& site) {
  uint64_t h = 0xcbf29ce484222325 ^ site.line;
  for (char c : std::string_view(site.function)) h = (h ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return h;
}

[[maybe_unused]] const bool is_observed = [] {
  // For comparison.
  if (getenv("IOVAFUZZ_MEETINGS") && std::string_view(getenv("IOVAFUZZ_MEETINGS")) == "ignore")
    return false;
  shim::set_meeting_observer([](const shim_site& first, const shim_site& then) {
    fuzz::count_extra((hash(first) * 0x9e3779b97f4a7c15 + hash(then)) >> 40);
  });
  return true;
}();

}  // namespace
