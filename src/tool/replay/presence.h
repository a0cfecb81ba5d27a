// SPDX-License-Identifier: GPL-2.0-only
// Whether a program shows a finding on one allocator after another.
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
  std::vector<std::string> keys = {};  // that the program shows, one behind the other
  std::string why = {};                // of the last two

  // "present", "another finding", "clean", "not applicable", "cannot be built".
  const char* in_words() const;
};

// The finding is the same if its oracle is: functions get other names and callers.
bool is_same_finding(const std::string& key, const std::string& other);

// What is said of no finding ("") in terms of one: without running anything again.
Presence about(Presence presence, const std::string& key);

// Of the finding, on trees, in their order. What can be built at once is.
std::vector<Presence> presence_on(const std::vector<KernelTree>& trees,
                                  const program::Program& program, const std::string& key);
Presence presence_on(const iova_variant& variant, const program::Program& program,
                     const std::string& key);
Presence presence_on(const iova_variant& variant, const program::Program& program,
                     const std::string& key, Recorder& recorder);

// Of so many changes in a row, the one with which the late state came, or where some in between do
// not build, all that may have brought it. has_come(i): whether change i has it; nothing where it
// does not build. The last one has it.
struct Suspects {
  size_t first, last;  // by number
};
Suspects find_change(size_t changes, const std::function<std::optional<bool>(size_t)>& has_come);

// What the program shows first on the allocator, or "".
std::string first_key(const iova_variant& variant, const program::Program& program);

}  // namespace tool
