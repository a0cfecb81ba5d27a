// SPDX-License-Identifier: GPL-2.0-only
// Judges what may run at the same time: no two accesses race (shim/races.h). Told at the end of a
// run, since a race that the schedule did not make visible has changed nothing.
#include <fmt/core.h>

#include "engine/contract/judges.h"
#include "shim/races.h"

namespace engine::contract {
namespace {

std::string in_words(const shim::RacingAccess& access, const std::string& operation) {
  return fmt::format("{}{} of {} {} in {}() by {} on {}, holding {}",
                     access.is_marked ? "marked " : "", access.is_write ? "write" : "read",
                     access.bytes, access.bytes == 1 ? "byte" : "bytes", access.function, operation,
                     access.strand, access.locks);
}

}  // namespace

// What lacks a lock that the other holds is at fault; of equals, the one that came later.
void Races::hear(const Event&) {
  const std::vector<Operation>& operations = scene_.position.program->operations;
  auto spec_of = [&](const shim::RacingAccess& access) {
    return access.operation < operations.size() ? &program::spec(operations[access.operation].code)
                                                : nullptr;
  };
  auto name_of = [&](const shim::RacingAccess& access) {
    const OperationSpec* spec = spec_of(access);
    return spec ? fmt::format("{} (operation {})", spec->name, access.operation)
                : std::string("the end");
  };
  for (const shim::Race& race : shim::races()) {
    const auto& [earlier, later, address] = race;
    const bool is_earlier = earlier.held < later.held;
    const shim::RacingAccess& at_fault = is_earlier ? earlier : later;
    Acting acting(scene_.position, spec_of(at_fault));
    shim::raise({&oracle::data_race, at_fault.function, "",
                 fmt::format("{}; {}; nothing orders them", in_words(earlier, name_of(earlier)),
                             in_words(later, name_of(later))),
                 address});
  }
}

}  // namespace engine::contract
