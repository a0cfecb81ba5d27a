// SPDX-License-Identifier: GPL-2.0-only
// Judges concurrency: no two accesses race (shim/races.h). Raised at the end of a run, since a race
// that this schedule did not expose has changed nothing.
#include <fmt/core.h>

#include <algorithm>

#include "engine/contract/judges.h"
#include "shim/races.h"

namespace engine::contract {
namespace {

std::string in_words(const shim::RacingAccess& access, const std::string& operation) {
  return fmt::format("{}{} of {} {} in {}() by {} on {},\n         holding {}",
                     access.is_marked ? "marked " : "", access.is_write ? "write" : "read",
                     access.bytes, access.bytes == 1 ? "byte" : "bytes", access.function, operation,
                     access.strand, access.locks);
}

// Scope guard: attributes findings to that operation, without its injected faults.
class At {
 public:
  At(Position& position, size_t operation) : position_(position), before_(position) {
    position.current = std::min(operation, position.program->operations.size());
    position.call_start = ~size_t{0};
  }
  ~At() { position_ = before_; }
  At(const At&) = delete;

 private:
  Position& position_;
  const Position before_;
};

}  // namespace

// The access under fewer locks is at fault; if equal, the later one.
void Races::hear(const Event&) {
  const auto who = [&](const shim::RacingAccess& access) {
    At there(scene_.position, access.operation);
    return scene_.position.operation()
               ? fmt::format("{} (operation {})", scene_.position.operation_name(),
                             access.operation)
               : std::string("the end");
  };
  for (const shim::Race& race : shim::races()) {
    const auto& [earlier, later, address] = race;
    const shim::RacingAccess& at_fault = earlier.held < later.held ? earlier : later;
    std::string values = fmt::format("{}\n       {}\n       nothing orders them",
                                     in_words(earlier, who(earlier)), in_words(later, who(later)));
    At there(scene_.position, at_fault.operation);
    shim::raise({&oracle::data_race, at_fault.function, "", std::move(values), address});
  }
}

}  // namespace engine::contract
