// SPDX-License-Identifier: GPL-2.0-only
// Planted defects: faults that the port has on purpose. The table is defects.inc.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "iova/revision.h"

namespace port {

struct Defects {
#define DEFECT(flag, commit, meaning, ...) bool flag = false;
#include "defects.inc"
#undef DEFECT
};

constexpr Defects defects_with(bool Defects::*flag) {
  Defects defects;
  defects.*flag = true;
  return defects;
}

struct DefectInfo {
  const char* flag;
  const char* commit;  // upstream's fix, "not established" or "own"
  const char* meaning;
  const char* needs;  // behaviours of the revision, as C++ assignments; may be empty
  bool Defects::*member;
};

inline constexpr DefectInfo defects[] = {
#define DEFECT(flag, commit, meaning, ...) {#flag, commit, meaning, #__VA_ARGS__, &Defects::flag},
#include "defects.inc"
#undef DEFECT
};

// A revision, changed to have the behaviours that its planted defects need.
struct PlantedRevision : Revision {
  constexpr PlantedRevision(const Revision& revision, const Defects& defects) : Revision(revision) {
#define DEFECT(flag, commit, meaning, ...) \
  if (defects.flag) {                      \
    __VA_ARGS__;                           \
  }
#include "defects.inc"
#undef DEFECT
  }
};

// "port@6.12+no-second-pass"; the revision's own name if there is no defect.
constexpr std::array<char, 64> variant_name(std::string_view revision, const Defects& defects) {
  std::array<char, 64> name{};
  size_t size = 0;
  for (char c : revision) name[size++] = c;
#define DEFECT(flag, commit, meaning, ...) \
  if (defects.flag)                        \
    for (char c : std::string_view("+" #flag)) name[size++] = c == '_' ? '-' : c;
#include "defects.inc"
#undef DEFECT
  return name;
}

}  // namespace port
