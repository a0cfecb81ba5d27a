// SPDX-License-Identifier: GPL-2.0-only
#include "tool/support/targets.h"

#include "fuzz/targets.h"
#include "tool/support/failure.h"
#include "tool/support/words.h"

namespace tool {

const fuzz::Target* target_named(const std::string& name) {
  for (const fuzz::Target* target : fuzz::targets)
    if (name == target->name) return target;
  return nullptr;
}

const fuzz::Target& find_target(const std::string& name) {
  if (const fuzz::Target* target = target_named(name)) return *target;
  throw Failure(unknown_word("target", name, target_names()));
}

std::vector<std::string> target_names() {
  std::vector<std::string> names;
  for (const fuzz::Target* target : fuzz::targets) names.push_back(target->name);
  return names;
}

}  // namespace tool
