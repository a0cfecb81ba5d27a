// SPDX-License-Identifier: GPL-2.0-only
// Whether a program shows a finding, on one allocator or on several.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "iova/variant.h"
#include "program/program.h"
#include "tool/replay/isolate.h"
#include "tool/variants/kernel_tree.h"

namespace tool {

struct Presence {
  enum State { present, other, clean, not_applicable, not_built } state = clean;
  std::vector<std::string> keys = {};  // of the findings that the program shows, in order
  std::string why = {};                // reason for the last two states

  // "present", "another finding", "clean", "not applicable", "cannot be built".
  const char* in_words() const;
};

// The finding is the same if its oracle is: functions get other names and callers.
bool is_same_finding(const std::string& key, const std::string& other);

// Turns a presence that was asked for no key ("") into one for this key, without another run.
Presence about(Presence presence, const std::string& key);

// Whether trees show the finding, in the order of trees, which are built all at once.
std::vector<Presence> presence_on(const std::vector<KernelTree>& trees,
                                  const program::Program& program, const std::string& key);
Presence presence_on(const iova_variant& variant, const program::Program& program,
                     const std::string& key);
Presence presence_on(const iova_variant& variant, const program::Program& program,
                     const std::string& key, Recorder& recorder);

// Finds the change that brought a new state among consecutive changes; if some of them do not
// build, the range of changes that may have brought it. has_come(i): whether change i has the new
// state; nullopt if it does not build. The last change must have it.
struct Suspects {
  size_t first, last;  // indexes, both inclusive
};
Suspects find_change(size_t changes, const std::function<std::optional<bool>(size_t)>& has_come);

// Key of the first finding that the program shows on the allocator, or "".
std::string first_key(const iova_variant& variant, const program::Program& program);

}  // namespace tool
